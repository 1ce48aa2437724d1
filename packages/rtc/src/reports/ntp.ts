// NTP timestamps, which tie RTP clocks to the wall clock in sender reports (RFC 3550, section 4).

/** From 1900 to 1970: 70 years, 17 of them leap years. */
const NTP_TO_UNIX_MS = 2_208_988_800_000;

/** Seconds since 1900 and the fraction of a second in 1/2^32, 32 bits each. */
export interface NtpTimestamp {
  readonly ntpHi: number;
  readonly ntpLo: number;
}

/** A wall-clock time, in ms since 1970, as ms since 1900. */
export function ntpNow(wallClockMs: number): number {
  return wallClockMs + NTP_TO_UNIX_MS;
}

/** `ntpMs`: ms since 1900, fraction included. The seconds wrap in 2036, as NTP means them to. */
export function ntpFromMs(ntpMs: number): NtpTimestamp {
  const seconds = Math.floor(ntpMs / 1000);
  const fraction = (ntpMs - seconds * 1000) / 1000;
  return { ntpHi: seconds >>> 0, ntpLo: Math.floor(fraction * 2 ** 32) >>> 0 };
}

/** ms since 1900, fraction included: exact to half a microsecond. */
export function ntpToMs(ntpHi: number, ntpLo: number): number {
  return ntpHi * 1000 + (ntpLo * 1000) / 2 ** 32;
}

/** The middle 32 bits of an NTP timestamp, in 1/65536 s, as report blocks repeat them (RFC 3550, section 6.4.1). */
export function middle32(ntpHi: number, ntpLo: number): number {
  return (((ntpHi & 0xffff) << 16) | (ntpLo >>> 16)) >>> 0;
}
