// Numbers as people read them.

/** Seconds as 0:07, 12:30 or 1:02:03. */
export function clock(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const [h, m, s] = [Math.floor(whole / 3_600), Math.floor(whole / 60) % 60, whole % 60];
  const padded = (value: number) => String(value).padStart(2, '0');
  return h > 0 ? `${h}:${padded(m)}:${padded(s)}` : `${m}:${padded(s)}`;
}

/** Bytes as 512 B, 3.4 kB, 12 MB … in powers of 1000. */
export function size(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let value = bytes;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1_000;
    unit++;
  }
  return `${unit > 0 && value < 9.95 ? value.toFixed(1) : value.toFixed(0)} ${units[unit]}`;
}

const DATE = new Intl.DateTimeFormat(undefined, { dateStyle: 'full', timeStyle: 'short' });

/** Milliseconds since 1970 as date and time of day, in the reader's language and time zone. */
export function date(ms: number): string {
  return DATE.format(ms);
}

const MOMENT = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'medium' });
const TIME = new Intl.DateTimeFormat(undefined, { timeStyle: 'medium' });
const EXACT_TIME = new Intl.DateTimeFormat(undefined, {
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  fractionalSecondDigits: 3,
});

/** Milliseconds since 1970 to the second; without the date when it is that of `beside`. */
export function moment(ms: number, beside?: number): string {
  const sameDay = beside !== undefined && new Date(ms).toDateString() === new Date(beside).toDateString();
  return (sameDay ? TIME : MOMENT).format(ms);
}

/** Milliseconds since 1970 as the time of day, to the millisecond. */
export function timeOfDay(ms: number): string {
  return EXACT_TIME.format(ms);
}

/** Bits per second as 32 kbit/s or 1.4 Mbit/s. */
export function bitrate(bitsPerSecond: number): string {
  if (bitsPerSecond < 999_500) return `${(bitsPerSecond / 1_000).toFixed(0)} kbit/s`;
  return `${(bitsPerSecond / 1_000_000).toFixed(1)} Mbit/s`;
}
