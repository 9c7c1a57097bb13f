import { parse } from 'just-bash';

/** A line that only opens a session: `ssh [-o x] HOST`, no command behind the host. */
const OPENS = /^\s*ssh(\s+-[a-zA-Z]+(\s+[^\s-]\S*)?(?=\s))*\s+[^\s-][^\s;|&<>()]*\s*(#.*)?$/;
const CLOSES = /^\s*(exit|logout)(\s+\d+)?\s*(#.*)?$/;

/**
 * Runbooks write `ssh HOST` on a line of its own and mean that the next lines are typed over there, until `exit` or the
 * end. Such lines become the text that `ssh` reads (`ssh HOST <<'...'`), so that they run on HOST with an environment of
 * its own. Only a complete statement's next line can open a session: within a loop, a function or another here-document
 * the line is left alone. Sessions within sessions are opened by the inner shell, which reads its lines in the same way.
 */
export function openSessions(script: string): string {
  if (!/^\s*ssh\s/m.test(script)) return script;
  const lines = script.split('\n');
  const out: string[] = [];
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at] ?? '';
    out.push(line);
    if (!OPENS.test(line) || !isComplete(out.join('\n')) || !isComplete(out.slice(0, -1).join('\n'))) continue;
    const end = endOfSession(lines, at + 1);
    const body = lines.slice(at + 1, end);
    if (body.every((text) => text.trim() === '')) continue;
    const mark = `FIREDRILL_SESSION_${at}`;
    out[out.length - 1] = `${line.replace(/\s*#.*$/, '')} <<'${mark}'`;
    out.push(...body, ...(end < lines.length ? [(lines[end] ?? '').trim()] : []), mark);
    at = end;
  }
  return out.join('\n');
}

/** Index of the `exit` line that closes the session whose first line is `from`; the number of lines when none does. */
function endOfSession(lines: readonly string[], from: number): number {
  let depth = 1;
  for (let at = from; at < lines.length; at++) {
    if (OPENS.test(lines[at] ?? '')) depth++;
    if (CLOSES.test(lines[at] ?? '') && --depth === 0) return at;
  }
  return lines.length;
}

/** Whether the text parses by itself and leaves no here-document open. */
function isComplete(text: string): boolean {
  try {
    return !JSON.stringify(parse(text)).includes('"terminated":false');
  } catch {
    return false;
  }
}
