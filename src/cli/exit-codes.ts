/** Exit codes of every command (R31). */
export const EXIT = {
  expected: 0,
  unexpected: 1,
  inconclusive: 2,
  nondeterminism: 3,
  usage: 64,
  internal: 70,
} as const;

/** From the one that hides all others to the one that hides none (R31). */
const PRECEDENCE: readonly number[] = [
  EXIT.internal,
  EXIT.usage,
  EXIT.nondeterminism,
  EXIT.unexpected,
  EXIT.inconclusive,
  EXIT.expected,
];

/** The one exit code of several outcomes. */
export function worstExit(codes: readonly number[]): number {
  return PRECEDENCE.find((code) => codes.includes(code)) ?? EXIT.expected;
}
