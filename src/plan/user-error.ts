/**
 * A mistake of the user: bad arguments, a bad file, an environment that does not let us write. Printed as it stands,
 * exit code 64. `code` tells it from our own bugs without a class test.
 */
export class UserError extends Error {
  readonly code: 'bad-input';
  readonly remedy: string;

  constructor(problem: string, remedy: string) {
    super(`${problem}\n  remedy: ${remedy}`);
    this.name = 'UserError';
    this.code = 'bad-input';
    this.remedy = remedy;
  }
}

/**
 * Whether an error is the user's: it says what to do in a `remedy`, as `UserError` and the errors of our
 * file readers do. Errors of Node have a `code` too, so a code alone says nothing.
 */
export function isUserError(error: unknown): error is Error & { readonly remedy: string } {
  if (!(error instanceof Error)) return false;
  return 'remedy' in error && typeof error.remedy === 'string';
}

/** Why the file system refused, in words; the code itself where we have none. */
export function systemReason(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
  switch (code) {
    case 'ENOENT':
      return 'there is no such file or folder';
    case 'EISDIR':
      return 'it is a folder';
    case 'ENOTDIR':
      return 'a part of the path is a file, not a folder';
    case 'EACCES':
    case 'EPERM':
      return 'it may not be accessed (permission denied)';
    case 'EROFS':
      return 'the file system is mounted read-only';
    case 'ENOSPC':
      return 'no space is left on the device';
    case 'EFBIG':
      return 'the file would be larger than the system allows (ulimit -f)';
    case 'EDQUOT':
      return 'the disk quota is used up';
    default:
      return `the system says ${code}`;
  }
}
