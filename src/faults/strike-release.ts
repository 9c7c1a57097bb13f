import { fired, type Outcome, refused, type Strike } from './strike.ts';

/** A release turns out to have a defect, wherever it runs: hosts are not struck, the release is. */
export function regress(strike: Strike): Outcome {
  const { label } = strike.fault;
  const { releases } = strike.surface;
  if (releases === undefined) return refused('this run has no releases');
  releases.regress(label, strike.number('release'), strike.choice('defect') as 'latency' | 'crash-on-start', {
    cpuUs: strike.number('cpuUsPerEvent'),
    afterUs: strike.number('afterUs'),
  });
  return fired(() => releases.mend(label));
}
