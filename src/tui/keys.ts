import type { Key } from 'ink';

/** Names of what was typed, as `press` takes them. */
export function keyName(input: string, key: Partial<Key>): readonly string[] {
  if (key.ctrl === true) return input === 'c' ? ['ctrl-c'] : [];
  if (key.leftArrow) return ['left'];
  if (key.rightArrow) return ['right'];
  if (key.upArrow) return ['up'];
  if (key.downArrow) return ['down'];
  if (key.pageUp) return ['pageup'];
  if (key.pageDown) return ['pagedown'];
  if (key.home) return ['home'];
  if (key.end) return ['end'];
  if (key.return) return ['return'];
  if (key.escape) return ['escape'];
  if (key.tab) return ['tab'];
  if (key.backspace || key.delete) return ['backspace'];
  return [...input].map((character) => (character === ' ' ? 'space' : character === '\r' ? 'return' : character));
}
