import { fired, later, type Outcome, refused, type Strike } from './strike.ts';

/** Clients that are not simulated one by one offer more, or less, for a while. */
export function offerLoad(strike: Strike): Outcome {
  const { offerLoad: offer } = strike.surface;
  if (offer === undefined) return refused('the plan has no background load');
  const before = offer(strike.number('opsPerS'));
  return fired(() => {
    offer(before);
  });
}

/** A function on the way of every operation has become slow on some hosts, until its cause is taken away. */
export function slowEncoder(strike: Strike): Outcome {
  const { setCost } = strike.surface;
  if (setCost === undefined) return refused('operations cost no CPU time in this plan');
  for (const host of strike.hosts) setCost(host, strike.number('nsPerOp'));
  return fired(() => {
    for (const host of strike.hosts) setCost(host, 0);
  });
}

/** Somebody sets a wrong value. It stays until somebody sets the right one. */
export function changeSetting(strike: Strike): Outcome {
  const change = strike.surface.changeSetting;
  if (change === undefined) return refused('the system has no such setting');
  return change(strike.hosts, strike.choice('key'), strike.number('value')) ? fired() : later('nobody can set it now');
}

/** The nightly backups of some hosts have failed for so many days, until somebody mends the job. */
export function failBackups(strike: Strike): Outcome {
  const fail = strike.surface.failBackups;
  if (fail === undefined) return refused('the system has no backups');
  const struck = strike.hosts.filter((host) => fail(host, strike.number('days')));
  if (struck.length === 0) return refused('the run has no backups');
  return fired(() => {
    for (const host of struck) fail(host, -1);
  });
}

/** The certificate of some hosts does not fit, until somebody installs another one. */
export function flawCertificate(strike: Strike): Outcome {
  const flaw = strike.surface.flawCertificate;
  if (flaw === undefined) return refused('servers have no certificates in this plan');
  for (const host of strike.hosts) flaw(host, strike.choice('flaw'), strike.number('agoDays'));
  return fired();
}
