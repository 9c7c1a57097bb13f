import { helpText as helpTextOf, parseFlags as parse } from '../cluster/host/flags.ts';

// The parser stands below, where the fleet's commands may import it; the shell's own commands know it by this name.
export type { CommandUsage, Flag, Flags, Parsed } from '../cluster/host/flags.ts';

export const parseFlags = parse;
export const helpText = helpTextOf;
