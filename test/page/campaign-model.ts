import type { ReportDetail, ReportModel } from '../../src/report/model.ts';
import type { TraceEntry, TraceMessage, TraceModel } from '../../src/report/trace-model.ts';
import { documentRun, failedRun, modelOf } from '../report/export-model.ts';

const RUNS = 5_000;
const FAILED = 600;
export const SIGNATURES = 300;
const DETAILS = 20;
const RECORDS = 2_000;

/** What a campaign of 5,000 runs with many different failures makes at most: 20 full details, 2,000 records in each. */
export function campaignModel(): ReportModel {
  const runs = Array.from({ length: RUNS }, (_, place) => {
    const seed = place + 1;
    const scenario = `scene-${seed % 40}`;
    if (place < FAILED) return failedRun(seed, `INV-${place % SIGNATURES}`, false, scenario);
    return documentRun({
      seed,
      scenario,
      traceHash: digits(seed),
      again: `npx firedrill run ${scenario} --seed ${seed}`,
    });
  });
  const model = modelOf(runs, { kind: 'campaign', title: 'campaign 1 of made.db' });
  const signatures = model.signatures.map((each, place) => {
    const run = model.runs.find(({ signature }) => signature === each.signature)!;
    return place < DETAILS ? { ...each, detail: detailOf(run, place) } : each;
  });
  return { ...model, signatures };
}

function detailOf(run: ReportDetail['run'], salt: number): ReportDetail {
  const records = Array.from({ length: RECORDS }, (_, place): TraceEntry => {
    const sends = place % 4 === 0;
    const detail = `view=${salt} op=${place} commit=${place - 1} sum=${digits(salt * RECORDS + place)}`;
    const kind = sends ? 'send' : place % 4 === 1 ? 'deliver' : 'disk';
    return { index: place, atUs: place * 997, host: place % 5, kind, detail, message: sends ? place : -1 };
  });
  const messages = records.filter(({ message }) => message >= 0).map(messageOf);
  const hosts = Array.from({ length: 5 }, (_, host) => ({ host, name: `replica-${host}`, role: 'replica' as const }));
  const trace: TraceModel = { hosts, records, messages, spans: [], states: [], virtualUs: 9_000_000, events: 90_000 };
  const failedUs = records.at(-100)!.atUs;
  return {
    run,
    findings: [{ property: run.property, site: 'a-site', atUs: failedUs, text: `${run.property} failed` }],
    trace,
    recordsBefore: 88_000,
    recordsAfter: 0,
    chain: records.filter((_, place) => place % 20 < 2).map(({ index }) => index),
    alerts: [],
    commands: [],
    logs: { hosts: [0, 1, 2], rows: [], firstDisagreement: -1, rowsLeftOut: 0 },
  };
}

function messageOf({ index, atUs, host, detail }: TraceEntry): TraceMessage {
  const ends = { sentIndex: index, endIndex: index + 1, sentUs: atUs, endUs: atUs + 997 };
  return { id: index, from: host, to: (host + 1) % 5, fate: 'delivered', cause: '', kind: 'prepare', detail, ...ends };
}

/** Sixteen digits that cannot be packed. */
function digits(number: number): string {
  let state = (number * 2_654_435_761) % 4_294_967_291;
  const word = () => (state = (state * 48_271 + 11) % 4_294_967_291).toString(16).padStart(8, '0');
  return word() + word();
}
