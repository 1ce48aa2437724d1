// Why Parley could not start or go on: what the operator can mend, said in one line. Not for faults of the code.

export type StartFailure =
  'configuration' | 'data-folder' | 'web-client' | 'media-server' | 'app-server' | 'relay';

/** Told to the operator as one line on stderr, with exit code 1 and no stack. */
export class StartError extends Error {
  readonly failure: StartFailure;

  private constructor(failure: StartFailure, message: string, cause?: unknown) {
    super(message.replaceAll(/\s*\n\s*/g, ' '), { cause });
    this.name = 'StartError';
    this.failure = failure;
  }

  static configuration(message: string): StartError {
    return new StartError('configuration', message);
  }

  static dataFolder(path: string, cause: unknown): StartError {
    return new StartError(
      'data-folder',
      `cannot write to the data folder ${path}: ${reasonOf(cause)}`,
      cause,
    );
  }

  static webClientNotBuilt(): StartError {
    return new StartError('web-client', 'the web client is not built: type "npm run build"');
  }

  static mediaServer(message: string): StartError {
    return new StartError('media-server', `the media server did not start: ${message}`);
  }

  /** @param setting of the port */
  static relay(port: number, cause: unknown, setting: 'TURN_PORT' | 'TURN_TLS_PORT'): StartError {
    const inUse = codeOf(cause) === 'EADDRINUSE';
    const reason = inUse ? 'it is in use' : reasonOf(cause);
    return new StartError(
      'relay',
      `cannot relay on TURN port ${port}: ${reason}; choose another one with ${setting} or --${setting.toLowerCase().replaceAll('_', '-')}, or off`,
      cause,
    );
  }

  /** @param message what is wrong with the certificate, in one line */
  static relayCertificate(message: string): StartError {
    return new StartError('relay', message);
  }

  /**
   * @param address what it was to listen on, as `host:port`
   * @param message what it says it cannot do, in one line
   * @param code of the system call that failed
   */
  static appServer(address: string, message: string, code: string | undefined): StartError {
    return new StartError(
      'app-server',
      code === 'EADDRINUSE'
        ? `${address} is in use: stop what uses it, or choose another port with PORT or --port`
        : message,
    );
  }
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error ? String(error.code) : undefined;
}

const REASONS: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EROFS: 'the file system is read-only',
  ENOTDIR: 'a part of the path is not a folder',
  EEXIST: 'it is not a folder',
  ENOENT: 'it cannot be created there',
  ENOSPC: 'no space left',
};

function reasonOf(error: unknown): string {
  const known = REASONS[codeOf(error) ?? ''];
  return known ?? (error instanceof Error ? error.message : String(error));
}
