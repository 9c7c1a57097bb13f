import type { ComponentChildren } from 'preact';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';

/**
 * A drawing that is wider than a narrow screen: it begins with the moment `startUs` in the middle, goes to the one that
 * `aim` gets, and tells how far it is moved, for the names on its left. `width` is the drawing's own; `place` tells where
 * a moment lies in it.
 */
export function useSideways(width: number, place: (us: number) => number, startUs: number) {
  const sideways = useRef<HTMLDivElement>(null);
  const [left, setLeft] = useState(0);
  const [aimed, setAimed] = useState({ us: startUs });
  const follow = () => {
    const { box, scale } = measured(sideways.current, width);
    if (box !== null) setLeft(box.scrollLeft / scale);
  };
  useLayoutEffect(() => {
    const { box, scale } = measured(sideways.current, width);
    if (box !== null) box.scrollLeft = aimed.us < 0 ? 0 : place(aimed.us) * scale - box.clientWidth / 2;
    follow();
  }, [aimed]);
  useEffect(() => {
    addEventListener('resize', follow);
    return () => removeEventListener('resize', follow);
  }, []);
  return { sideways, left, follow, aim: (us: number) => setAimed({ us }) };
}

function measured(box: HTMLElement | null, width: number) {
  const drawn = box?.querySelector('svg')?.getBoundingClientRect().width ?? width;
  return { box, scale: drawn / width };
}

/** What stands on the left of a drawing, and stays in sight when it is moved. */
export function Names({ left, children }: { left: number; children: ComponentChildren }) {
  return (
    <g class="names" transform={`translate(${left} 0)`}>
      {children}
    </g>
  );
}
