import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { addressOf, placeOf, type Route, routeOf } from './route.ts';

/** What the history keeps of a visit, so that coming back can be told from following a link. */
interface Visit {
  readonly visit: number;
  /** Written a moment after scrolling, for a page that is loaded again; otherwise the page itself remembers. */
  readonly top?: number;
}

/** How far each visit had been scrolled. */
const TOPS = new Map<number, number>();
let visits = Date.now();
/** Browsers refuse to write into the history with every step of a scroll. */
const WRITE_MS = 250;

/**
 * The place that the address names, and a function that chooses another event there. A link opens a part at its top (or
 * at the event that it names), Back where it was left; the browser itself keeps the offset of the part before.
 */
export function useRoute(): readonly [route: Route, choose: (event: number) => void] {
  const [at, setAt] = useState(arrived);
  const now = useRef(at.visit);
  useEffect(() => {
    history.scrollRestoration = 'manual';
    const moved = () => {
      // A scroll of this very moment may not have been told yet.
      TOPS.set(now.current, scrollY);
      setAt(arrived());
    };
    let writing = 0;
    const scrolled = () => {
      TOPS.set(now.current, scrollY);
      clearTimeout(writing);
      writing = setTimeout(write, WRITE_MS);
    };
    const write = () => history.replaceState({ visit: now.current, top: scrollY } satisfies Visit, '');
    addEventListener('hashchange', moved);
    addEventListener('scroll', scrolled, { passive: true });
    return () => {
      removeEventListener('hashchange', moved);
      removeEventListener('scroll', scrolled);
      clearTimeout(writing);
    };
  }, []);
  const { route, visit } = at;
  const place = placeOf(route);
  useLayoutEffect(() => {
    const first = now.current === visit;
    now.current = visit;
    stand(route, TOPS.get(visit));
    if (!first) focusHeading();
  }, [visit, place]);
  const choose = (event: number) => {
    if (route.view !== 'failure') return;
    const chosen = { ...route, event };
    history.replaceState(history.state, '', addressOf(chosen));
    setAt({ visit, route: chosen });
  };
  return [route, choose];
}

/** Where the address leads, and a number for the visit: the one of before where somebody comes back. */
function arrived(): { readonly visit: number; readonly route: Route } {
  const known = (history.state as Visit | null) ?? { visit: ++visits };
  if (known.top !== undefined && !TOPS.has(known.visit)) TOPS.set(known.visit, known.top);
  history.replaceState(known, '');
  return { visit: known.visit, route: routeOf(location.hash) };
}

/** Scrolls the page: to where it was left, else to the event of the address, else to its top. */
function stand(route: Route, left: number | undefined): void {
  const named = route.view === 'failure' && route.event >= 0;
  if (left === undefined && named) document.querySelector('.events')?.scrollIntoView({ block: 'center' });
  else scrollTo(0, left ?? 0);
}

/** So that the keyboard and a screen reader go on in the part that was opened. */
function focusHeading(): void {
  const heading = document.querySelector<HTMLElement>('main h2') ?? document.querySelector<HTMLElement>('main');
  heading?.setAttribute('tabindex', '-1');
  heading?.focus({ preventScroll: true });
}
