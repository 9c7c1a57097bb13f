/** Powers of 1024 that a suffix of `du -h` stands for. */
const SUFFIXES = 'KMGTPE';

/** The size at the beginning of a line, as `sort -h` of GNU coreutils reads it: suffix first, then the number. */
function humanKey(line: string): readonly [number, number] {
  const match = /^\s*(-?\d+(?:\.\d+)?)([KMGTPE]?)/i.exec(line);
  if (match === null) return [0, 0];
  const value = Number(match[1]);
  return [value === 0 ? 0 : SUFFIXES.indexOf((match[2] ?? '').toUpperCase()) + 1, value];
}

/**
 * `sort -h` and `sort -rh` of what `du -h` prints. just-bash compares the suffix only where it ends the line, so the
 * runbook's `du -sh ... | sort -h` would put 61G before 64K.
 */
export function humanSort(text: string, reverse: boolean): string {
  const lines = text.split('\n');
  if (lines.at(-1) === '') lines.pop();
  lines.sort((left, right) => {
    const [leftUnit, leftValue] = humanKey(left);
    const [rightUnit, rightValue] = humanKey(right);
    return leftUnit - rightUnit || leftValue - rightValue || (left < right ? -1 : left > right ? 1 : 0);
  });
  if (reverse) lines.reverse();
  return lines.length === 0 ? '' : `${lines.join('\n')}\n`;
}

/** Whether `sort` is asked for exactly that: the flags h and r, standard input, nothing else. */
export function isHumanSort(argv: readonly string[]): boolean {
  return argv.length > 0 && argv.every((text) => /^-[hr]+$/.test(text)) && argv.some((text) => text.includes('h'));
}
