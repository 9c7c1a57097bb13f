/** Paper has nothing to click: everything folded is opened while the page is printed, and closed again after it. */
export function openForPrint(): () => void {
  let opened: HTMLDetailsElement[] = [];
  const before = () => {
    const folded = [...document.querySelectorAll<HTMLDetailsElement>('details:not([open])')];
    for (const each of folded) each.open = true;
    opened = [...opened, ...folded];
  };
  const after = () => {
    for (const each of opened) each.open = false;
    opened = [];
  };
  addEventListener('beforeprint', before);
  addEventListener('afterprint', after);
  return () => {
    removeEventListener('beforeprint', before);
    removeEventListener('afterprint', after);
  };
}
