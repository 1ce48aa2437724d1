// The name of the product, as a link to the landing page.
import { Link } from './link.tsx';

export function Brand() {
  return (
    <Link to="/" className="brand">
      <svg className="brand-mark" viewBox="0 0 32 32" aria-hidden="true">
        <rect className="brand-ground" width="32" height="32" rx="8" />
        <path
          className="brand-figure"
          d="M7 11.5A3.5 3.5 0 0 1 10.5 8h7a3.5 3.5 0 0 1 3.5 3.5v9a3.5 3.5 0 0 1-3.5 3.5H7zM22.5 14l3.7-2.600c.5-.3.8-.1.8.4v8.400c0 .5-.3.7-.8.4L22.5 18z"
        />
      </svg>
      Parley
    </Link>
  );
}
