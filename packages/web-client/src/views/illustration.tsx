// A call in miniature for the landing page. Decorative.

const SEATS = [
  { x: 0, y: 0, tone: 'a' },
  { x: 164, y: 0, tone: 'b' },
  { x: 0, y: 98, tone: 'c' },
  { x: 164, y: 98, tone: 'd' },
] as const;

export function Illustration() {
  return (
    <svg className="illustration" viewBox="0 0 360 268" aria-hidden="true">
      <rect className="illustration-frame" x="1" y="1" width="358" height="266" rx="18" />
      {SEATS.map(({ x, y, tone }) => (
        <g key={tone} transform={`translate(${20 + x} ${20 + y})`}>
          <clipPath id={`seat-${tone}`}>
            <rect width="156" height="90" rx="10" />
          </clipPath>
          <g clipPath={`url(#seat-${tone})`} className={`illustration-seat ${tone}`}>
            <rect className="illustration-wall" width="156" height="90" />
            <circle className="illustration-person" cx="78" cy="40" r="16" />
            <path className="illustration-person" d="M44 96a34 32 0 0 1 68 0z" />
          </g>
        </g>
      ))}
      <g className="illustration-buttons">
        <circle cx="136" cy="234" r="13" />
        <circle cx="170" cy="234" r="13" />
        <rect className="illustration-leave" x="192" y="221" width="42" height="26" rx="13" />
      </g>
    </svg>
  );
}
