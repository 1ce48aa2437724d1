// A sentence about what is wrong, read out as soon as it appears.
import type { ReactNode } from 'react';
import { AlertIcon } from './icons.tsx';

/** With an `id`, a field can say that it is described by it. */
export function Problem({ id, children }: { id?: string; children: ReactNode }) {
  return (
    <p id={id} className="problem" role="alert">
      <AlertIcon />
      <span>{children}</span>
    </p>
  );
}
