import { failed as failedResult, ok as okResult } from '../cluster/host/command.ts';

// The contract stands below, where the commands themselves may import it; the shell and its tests know it by this name.
export type { CommandContext, CommandResult, CommandTable, OperatorCommand, Wait } from '../cluster/host/command.ts';

export const ok = okResult;
export const failed = failedResult;
