import type { Rules } from '../../cluster/vsr/rules.ts';

/**
 * A planted bug: one small decision of the protocol overridden (R27). `property` is the end-to-end property that must
 * fail; `needs` the kinds of faults that it needs to show; `fired` is the mark that the overridden decision sets the
 * first time its answer differs from the honest one.
 */
export interface Mutant {
  readonly id: string;
  /** What is planted, in one line. */
  readonly what: string;
  /** Where the bug is known from. */
  readonly source: string;
  readonly property: string;
  /** Why `property` is a structural one, where it is: what an end-to-end property would miss. */
  readonly why?: string;
  readonly needs: readonly string[];
  /** The rehearsal that exercises it, where drawn plans never do: its safe variant is what is hunted in. */
  readonly scenario?: string;
  override(honest: Rules, fired: () => void): Partial<Rules>;
}

/** Calls `fired` whenever the planted answer differs from the honest one. */
export function differs<T>(fired: () => void, honest: T, planted: T): T {
  if (honest !== planted) fired();
  return planted;
}
