import { z } from 'zod';
import { duration } from '../../scenarios/schema-values.ts';
import { STRATEGIES } from '../strategy.ts';

/** Verdicts that a policy may allow beside what scenarios declare. */
export const INCONCLUSIVE_WORDS = ['vacuous', 'excused', 'out-of-budget'] as const;

/** A share such as `0.5%`, as a fraction of 1. */
const fraction = z
  .string({ error: 'is not a share such as 5% or 0.1%' })
  .regex(/^\d{1,3}(\.\d+)?%$/, 'is not a share such as 5% or 0.1%')
  .transform((text, ctx): number => {
    const value = Number(text.slice(0, -1)) / 100;
    if (value <= 1) return value;
    ctx.addIssue({ code: 'custom', message: 'is above 100%' });
    return z.NEVER;
  });

/** A day that the calendar has. */
const day = z.string({ error: 'is not a date such as 2027-03-31' }).refine(isDay, 'is not a date such as 2027-03-31');

function isDay(text: string): boolean {
  const [, year, month, date] = /^(\d{4})-(\d\d)-(\d\d)$/.exec(text) ?? [];
  if (year === undefined) return false;
  const days = new Date(Date.UTC(Number(year), Number(month), 0)).getUTCDate();
  return Number(month) >= 1 && Number(month) <= 12 && Number(date) >= 1 && Number(date) <= days;
}

const words = z.string().trim().min(1, 'is empty');

const rehearsals = z
  .strictObject({
    systems: z.array(words).min(1).optional().describe('every scenario of these systems must run'),
    scenarios: z.array(words).min(1).optional().describe('these scenarios must run'),
    variants: z
      .array(z.enum(['safe', 'literal']))
      .min(1)
      .default(['safe', 'literal']),
    profiles: z
      .array(z.enum(['intended', 'as_built']))
      .min(1)
      .optional()
      .describe('default: what each scenario declares'),
    seeds: z.int().min(1).max(10_000).default(1).describe('seeds of each variant'),
  })
  .refine(({ systems, scenarios }) => systems !== undefined || scenarios !== undefined, {
    error: 'is without systems and without scenarios: name what must run',
  });

/** In less not even one plan may run, and a gate that ran nothing must not open. */
const TIME_US_MIN = 1_000_000;

const drawn = z
  .strictObject({
    seeds: z.int().min(1).max(1_000_000).optional(),
    time: duration
      .refine((us) => us >= TIME_US_MIN, 'is shorter than a second')
      .optional()
      .describe('wall time instead of a number of seeds, a second at least'),
    strategies: z.array(z.enum(STRATEGIES)).min(1).default(['portfolio']),
  })
  .refine(({ seeds, time }) => (seeds === undefined) !== (time === undefined), {
    error: 'is without a size, or has two: give seeds or time',
  });

const waiver = z.strictObject({
  scenario: words,
  signature: words.refine((text) => text.includes(' @ '), 'is no signature: write it as INV-DURABLE-ACK @ site'),
  owner: words,
  reason: words,
  expires: day,
});

/** A gate's policy (docs/gates.md). Durations in µs, shares as fractions. */
export const policySchema = z.strictObject({
  version: z.literal(1),
  name: words,
  rehearsals: rehearsals.optional(),
  drawn: drawn.optional(),
  allow: z
    .array(z.enum(INCONCLUSIVE_WORDS))
    .default([...INCONCLUSIVE_WORDS])
    .describe('inconclusive ends that may occur'),
  inconclusive_max: fraction.default(0).describe('share of all runs'),
  coverage: z
    .strictObject({
      features: z.int().min(1).optional().describe('of drawn plans, at least'),
      marks: z.array(words).min(1).optional().describe('marks that some run must reach'),
    })
    .optional(),
  canaries: z
    .strictObject({
      mutants: z.array(words).min(1),
      seeds_max: z.int().min(1).max(100_000).default(200),
    })
    .optional(),
  bounds: z
    .array(
      z.strictObject({
        severity: words,
        alert: duration.optional().describe('from the first fault to each alert of this severity that must fire'),
        recovery: duration.optional().describe('from the first alert to recovery, in scenarios of this severity'),
      }),
    )
    .optional(),
  waivers: z.array(waiver).default([]),
  accepted: z
    .strictObject({
      coverage_loss_max: fraction.default(0),
      recovery_slower_max: z
        .string()
        .regex(/^\d{1,4}(\.\d+)?%$/, 'is not a share such as 20%')
        .transform((text) => Number(text.slice(0, -1)) / 100)
        .optional(),
      new_failures: z.enum(['refused', 'allowed']).default('refused'),
    })
    .optional()
    .describe('comparison with the attestation of the last accepted run (--accepted FILE)'),
});

export type GatePolicy = z.output<typeof policySchema>;
export type GateWaiver = GatePolicy['waivers'][number];
