// Puts text into lines that fit a terminal. No colours: reports are piped, mailed and compared.

const WIDTH = 100;

/** Words of `text` in lines of 100 characters, the first after `label`, all of them indented like that. */
export function labelled(label: string, text: string, indent: number): string[] {
  const room = WIDTH - indent;
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(/\s+/)) {
    if (line !== '' && line.length + 1 + word.length > room) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  lines.push(line);
  return lines.map((content, index) => `${(index === 0 ? label : '').padEnd(indent)}${content}`.trimEnd());
}

/** `1 warning`, `2 warnings` */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}
