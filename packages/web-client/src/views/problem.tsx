// A sentence about what is wrong, read out as soon as it appears.
import type { ReactNode } from 'react';
import { AlertIcon } from './icons.tsx';

export function Problem({ children }: { children: ReactNode }) {
  return (
    <p className="problem" role="alert">
      <AlertIcon />
      <span>{children}</span>
    </p>
  );
}
