// Builds the page into dist/, which the application server hands out; `npm run dev` serves it against a running Parley.
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

/** Where `npm start` listens by default. */
const SERVER = 'http://127.0.0.1:8080';

// Vite asks for this one default export.
export default defineConfig({
  plugins: [react()],
  build: {
    target: 'es2022',
    // Data URLs would need an exception in the Content-Security-Policy.
    assetsInlineLimit: 0,
    // Of the messages' package a page takes what it uses: its modules do nothing by being imported.
    rolldownOptions: {
      treeshake: { moduleSideEffects: [{ test: /\/packages\/protocol\//, sideEffects: false }] },
    },
  },
  server: { proxy: { '/api': SERVER, '/ws': { target: SERVER, ws: true } } },
});
