// The command `parley`: finds out which of its commands is meant and hands over to it. What they do is theirs.
import { helpText } from '../configuration.ts';
import { StartError } from '../errors.ts';
import { commandHelp, readCommand } from './command.ts';

/** What a script must not take for a verdict: the command could not do its work. */
const COULD_NOT_JUDGE = 2;

async function main(): Promise<void> {
  const { command, args } = readCommand(process.argv.slice(2));
  switch (command) {
    case 'start':
      // It reads the command line itself, as it does when npm starts it.
      process.argv.splice(2, Infinity, ...args);
      await import('../main.ts');
      return;
    case 'audit': {
      const { runAudit } = await import('../audit/command.ts');
      return inspect(() => runAudit(args, process.env));
    }
    case 'doctor': {
      const { runDoctor } = await import('../doctor/command.ts');
      return inspect(() => runDoctor(args, process.env));
    }
    case 'help':
      process.stdout.write(commandHelp(helpText()));
      return;
    case 'unknown':
      process.stderr.write(
        `parley: there is no command "${args[0] ?? ''}": "parley --help" shows those there are\n`,
      );
      process.exitCode = COULD_NOT_JUDGE;
  }
}

/** One line for what the operator can mend; the whole error for a fault of ours. Neither is a verdict. */
async function inspect(run: () => Promise<{ text: string; exitCode: number }>): Promise<void> {
  try {
    const { text, exitCode } = await run();
    process.stdout.write(text);
    process.exitCode = exitCode;
  } catch (error) {
    if (error instanceof StartError) process.stderr.write(`parley: ${error.message}\n`);
    else console.error('parley:', error);
    process.exitCode = COULD_NOT_JUDGE;
  }
}

await main();
