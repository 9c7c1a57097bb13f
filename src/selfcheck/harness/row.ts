import { type Stream, stream } from '../../sim/random.ts';

/** What a planted bug of the harness belongs to. */
export type HarnessPart = 'simulator' | 'checker' | 'harness' | 'storage';

/**
 * A check of one part of firedrill itself. `judge` plays one case, drawn from `draw`, against the part that it is given
 * and says what is wrong; null: nothing. The honest part passes every case.
 */
export interface Check<Part> {
  readonly name: string;
  judge(part: Part, draw: Stream): string | null;
}

/** A bug planted in the simulator, in a checker or in the machinery between them (R27). */
export interface HarnessMutant {
  readonly id: string;
  /** What is planted. */
  readonly what: string;
  readonly source: string;
  readonly part: HarnessPart;
  /** Name of the check that must kill it. */
  readonly property: string;
  /** The case of a seed against the honest part, and against the planted one. */
  honest(seed: number): string | null;
  planted(seed: number): string | null;
}

/** One row: the same cases for both parts. */
export function plant<Part>(
  facts: Pick<HarnessMutant, 'id' | 'what' | 'source' | 'part'>,
  check: Check<Part>,
  honest: Part,
  planted: Part,
): HarnessMutant {
  const judge = (part: Part, seed: number): string | null => check.judge(part, stream(seed, check.name));
  return {
    ...facts,
    property: check.name,
    honest: (seed) => judge(honest, seed),
    planted: (seed) => judge(planted, seed),
  };
}
