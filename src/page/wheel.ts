import type { RefObject } from 'preact';
import { useEffect, useRef } from 'preact/hooks';

/** Pixels of the wheel that halve or double what is shown: two notches of a common mouse. */
const DOUBLE_PX = 240;

/**
 * Hears the wheel over a drawing while Ctrl or Cmd is held, as a pinch on a touchpad says it, too; without them the page
 * scrolls as ever. `onTurn` gets the factor of the length and where the pointer stood, as a share of the drawing's width.
 */
export function useWheel(onTurn: (factor: number, share: number) => void): RefObject<SVGSVGElement | null> {
  const drawing = useRef<SVGSVGElement>(null);
  const heard = useRef(onTurn);
  heard.current = onTurn;
  useEffect(() => {
    const place = drawing.current;
    if (place === null) return;
    const turned = (event: WheelEvent) => {
      if (!event.ctrlKey && !event.metaKey) return;
      event.preventDefault();
      const { left, width } = place.getBoundingClientRect();
      const factor = Math.min(4, Math.max(0.25, 2 ** (event.deltaY / DOUBLE_PX)));
      heard.current(factor, (event.clientX - left) / width);
    };
    // Not as an attribute: only a listener that is not passive may keep the browser from zooming the page.
    place.addEventListener('wheel', turned, { passive: false });
    return () => place.removeEventListener('wheel', turned);
  }, []);
  return drawing;
}
