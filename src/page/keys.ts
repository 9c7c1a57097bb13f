/** Whether a key is meant for the page: not for a field that somebody types in, nor with a key that makes a shortcut of it. */
export function isForPage({ target, ctrlKey, metaKey, altKey }: KeyboardEvent): boolean {
  if (ctrlKey || metaKey || altKey) return false;
  const fields = 'input:not([type=checkbox]), select, textarea';
  return !(target instanceof Element && target.closest(fields) !== null);
}
