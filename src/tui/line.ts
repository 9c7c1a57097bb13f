/** How a piece of text is shown. Each differs in more than its colour: by its words, by weight or by inversion. */
export type Tone = 'plain' | 'title' | 'good' | 'warn' | 'bad' | 'quiet' | 'cursor';

export interface Segment {
  readonly text: string;
  readonly tone: Tone;
}

/** One line of the screen. */
export type Line = readonly Segment[];

/** Ranges of control characters, halves of pairs and what terminals draw two cells wide: one character is one cell. */
const UNSAFE: readonly (readonly [from: number, to: number])[] = [
  [0x00, 0x1f],
  [0x7f, 0x9f],
  [0x300, 0x36f],
  [0x1100, 0x115f],
  [0x200b, 0x200f],
  [0x2028, 0x202f],
  [0x2060, 0x206f],
  [0x2600, 0x27bf],
  [0x2e80, 0xa4cf],
  [0xac00, 0xf8ff],
  [0xfe00, 0xffff],
];

/** Text of the run (log lines, names, output) as it may stand on a screen: it can move no cursor and break no column. */
export function cellText(text: string): string {
  let safe = '';
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code >= 0x20 && code < 0x7f) safe += text[at];
    else if (code === 0x09) safe += '  ';
    else safe += UNSAFE.some(([from, to]) => code >= from && code <= to) ? '?' : text[at];
  }
  return safe;
}

/** `replica-2` as `r2`, `node3` as `n3`, `client-0` as `c0`: what prompts take, too. */
export function shortNames(text: string): string {
  return text
    .replace(/\breplica-(?=\d)/g, 'r')
    .replace(/\bnode(?=\d)/g, 'n')
    .replace(/\bclient-(?=\d)/g, 'c');
}

export function line(text: string, tone: Tone = 'plain'): Line {
  return [{ text, tone }];
}

export function lineWidth(parts: Line): number {
  let width = 0;
  for (const { text } of parts) width += text.length;
  return width;
}

/** Exactly `width` cells: cut with a `~` at the end, or filled with blanks. */
export function fitLine(parts: Line, width: number): Line {
  const fitted: Segment[] = [];
  let left = width;
  const whole = lineWidth(parts);
  for (const { text, tone } of parts) {
    if (left <= 0) break;
    const room = whole > width && text.length >= left ? `${text.slice(0, left - 1)}~` : text;
    fitted.push({ text: room, tone });
    left -= room.length;
  }
  if (left > 0) fitted.push({ text: ' '.repeat(left), tone: fitted.at(-1)?.tone === 'cursor' ? 'cursor' : 'plain' });
  return fitted;
}

/** Text in a column of a width, cut where it is too long. */
export function cell(text: string, width: number, align: 'left' | 'right' = 'left'): string {
  const cut = text.length > width ? `${text.slice(0, Math.max(0, width - 1))}~` : text;
  return align === 'left' ? cut.padEnd(width) : cut.padStart(width);
}

/** A title with a rule behind it. */
export function ruled(title: string, width: number, tone: Tone = 'title'): Line {
  return fitLine(
    [
      { text: `${title} `, tone },
      { text: '-'.repeat(Math.max(0, width - title.length - 1)), tone: 'quiet' },
    ],
    width,
  );
}

/** At most `height` lines; where some are left out the last one says how many. */
export function clip(lines: readonly Line[], height: number): readonly Line[] {
  if (lines.length <= height) return lines;
  if (height <= 0) return [];
  return [...lines.slice(0, height - 1), line(`... and ${lines.length - height + 1} more`, 'quiet')];
}

/** Blocks of lines next to each other, `gap` cells apart, all as high as the highest. */
export function beside(
  blocks: readonly { readonly lines: readonly Line[]; readonly width: number }[],
  gap: number,
): Line[] {
  const height = Math.max(0, ...blocks.map(({ lines }) => lines.length));
  const rows: Line[] = [];
  for (let at = 0; at < height; at++) {
    rows.push(
      blocks.flatMap(({ lines, width }, index) => [
        ...(index === 0 ? [] : line(' '.repeat(gap))),
        ...fitLine(lines[at] ?? [], width),
      ]),
    );
  }
  return rows;
}
