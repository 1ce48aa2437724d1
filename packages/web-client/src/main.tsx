// Starts the page.
import './zod-without-eval.ts';
import './styles/tokens.css';
import './styles/base.css';
import './styles/landing.css';
import './styles/lobby.css';
import './styles/call.css';
import './styles/who-sees.css';
import './styles/tile.css';
import './styles/recordings.css';
import './styles/check.css';
import { createRoot } from 'react-dom/client';
import { App } from './app.tsx';

const place = document.getElementById('app');
if (!place) throw new Error('index.html has no element with the id "app"');
createRoot(place).render(<App />);
