/** Colours for a terminal; a painter that is off returns its text unchanged. */
export interface Painter {
  good(text: string): string;
  bad(text: string): string;
  doubtful(text: string): string;
  faint(text: string): string;
}

export function painter(on: boolean): Painter {
  const paint = (start: number, end: number) => (text: string) => (on ? `\u001b[${start}m${text}\u001b[${end}m` : text);
  return { good: paint(32, 39), bad: paint(31, 39), doubtful: paint(33, 39), faint: paint(2, 22) };
}
