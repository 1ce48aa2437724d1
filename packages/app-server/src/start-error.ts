// Why the application server could not start: what the operator can mend. Not for faults of the code.

export type StartFailure =
  | 'cannot-listen'
  | 'certificate-unusable'
  | 'data-folder-in-use'
  | 'data-folder-not-writable'
  | 'database-unreachable';

/** `message` is one line for the operator; `code` is that of the system call that failed, such as EADDRINUSE. */
export class AppServerStartError extends Error {
  readonly failure: StartFailure;
  readonly code: string | undefined;

  private constructor(failure: StartFailure, message: string, cause: unknown) {
    super(`${message}: ${reasonOf(cause)}`.replaceAll(/\s*\n\s*/g, ' '), { cause });
    this.name = 'AppServerStartError';
    this.failure = failure;
    this.code = codeOf(cause);
  }

  static cannotListen(host: string, port: number, cause: unknown): AppServerStartError {
    return new AppServerStartError('cannot-listen', `cannot listen on ${host}:${port}`, cause);
  }

  static dataFolderNotWritable(path: string, cause: unknown): AppServerStartError {
    return new AppServerStartError(
      'data-folder-not-writable',
      `cannot write to the data folder ${path}`,
      cause,
    );
  }

  static dataFolderInUse(path: string, cause: unknown): AppServerStartError {
    return new AppServerStartError(
      'data-folder-in-use',
      `another Parley uses the data folder ${path}`,
      cause,
    );
  }

  static certificateUnusable(file: string, cause: unknown): AppServerStartError {
    return new AppServerStartError('certificate-unusable', `cannot use ${file} for TLS`, cause);
  }

  /** @param where a file's path, or the database's address without its password */
  static databaseUnreachable(where: string, cause: unknown): AppServerStartError {
    return new AppServerStartError('database-unreachable', `cannot use the database ${where}`, cause);
  }
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error ? String(error.code) : undefined;
}

function reasonOf(cause: unknown): string {
  // Node throws these without a message when a name has several addresses and none of them answers.
  if (cause instanceof AggregateError && cause.message === '')
    return cause.errors.map((error: unknown) => reasonOf(error)).join(', ');
  return cause instanceof Error ? cause.message : String(cause);
}
