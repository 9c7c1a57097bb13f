/** Virtual time: integer microseconds since the start of the run (R24a: time 0 is a wall-clock instant named by the plan). */
export type Us = number;

export const MS: Us = 1_000;
export const SECOND: Us = 1_000_000;
export const MINUTE: Us = 60 * SECOND;
export const HOUR: Us = 60 * MINUTE;

/** The latest instant that the queue accepts: 2^52 µs, some 142 years; sums of two times stay exact in a double. */
export const TIME_US_MAX: Us = 4_503_599_627_370_496;
