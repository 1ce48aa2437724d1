// A page that has only something to say: what is the matter, and the buttons for what to do.
import { useEffect, type ReactNode } from 'react';
import { useFocusOnArrival } from './arrival.ts';
import { Brand } from './brand.tsx';

export function MessagePage({
  title,
  text,
  children,
}: {
  title: string;
  text: string;
  children?: ReactNode;
}) {
  const heading = useFocusOnArrival<HTMLHeadingElement>();
  useEffect(() => {
    document.title = `${title} – Parley`;
  }, [title]);
  return (
    <div className="page">
      <header className="page-header">
        <Brand />
      </header>
      <main className="message-page">
        <h1 ref={heading} tabIndex={-1}>
          {title}
        </h1>
        <p>{text}</p>
        <div className="actions">{children}</div>
      </main>
    </div>
  );
}
