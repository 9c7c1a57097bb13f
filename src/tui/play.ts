import { stride, strideEvents } from './seek.ts';
import { leadRun, type Session, SPEEDS, type View } from './view.ts';

/** What playing shows after another `elapsedMs`: some events further, or the first breakpoint on the way. */
export function play(session: Session, view: View, elapsedMs: number): View {
  if (!view.playing) return view;
  const run = leadRun(session, view);
  const due = view.owed + ((SPEEDS[view.speed] as number) * elapsedMs) / 1_000;
  const events = Math.floor(due);
  const next = { ...view, owed: due - events, message: '' };
  if (events === 0) return next;
  const target = strideEvents(run, view.row, events, 1);
  if (target === view.row) return { ...next, playing: false, message: 'this is the end of the run' };
  const after = stride(run, target, 'event', 1);
  const end = after < 0 ? run.endRow : after;
  let stop = -1;
  if (view.breakpoints.length > 0) {
    run.find(view.row, 1, (chunk, row) => {
      if (row < end && !view.breakpoints.some((each) => each.accepts(chunk, row))) return false;
      if (row < end) stop = row;
      return true;
    });
  }
  if (stop < 0) return { ...next, row: target };
  const words = view.breakpoints.find((each) => run.matches(stop, each.accepts))?.text ?? '';
  return { ...next, row: stop, playing: false, message: `breakpoint: ${words}` };
}
