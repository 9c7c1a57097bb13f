import { fired, later, type Outcome, refused, type Strike } from './strike.ts';

/** Applications that only read come to the struck hosts, until they go again. */
export function loadReads(strike: Strike): Outcome {
  const { readers } = strike.surface;
  if (readers === undefined) return refused('the system answers no such reads');
  const load = {
    qps: strike.number('qps'),
    answerBytes: strike.number('answerBytes'),
    bufferUs: strike.number('bufferUs'),
    cpuUs: strike.number('cpuUs'),
    workers: strike.number('workers'),
  };
  if (!readers.begin(strike.hosts, load)) return later('other readers are there');
  return fired(
    () => readers.end(),
    -1,
    () => readers.turn(),
  );
}
