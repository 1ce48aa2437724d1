// What stands for a person without a picture: letters and a colour, both made of the name.

/** The first letters or digits of the first and the last word that has any; of a name without, its first sign. */
export function initialsOf(name: string): string {
  const firsts = name.split(/\s+/u).flatMap((word) => /[\p{L}\p{N}]/u.exec(word)?.[0] ?? []);
  const picked = firsts.length > 1 ? [firsts[0], firsts[firsts.length - 1]] : firsts;
  return picked.join('').toUpperCase() || [...name.trim()].slice(0, 1).join('');
}

/** The same name has the same colour for everyone; in degrees. */
export function hueOf(name: string): number {
  let sum = 0;
  for (const character of name) sum = (sum * 31 + (character.codePointAt(0) ?? 0)) % 360;
  return sum;
}
