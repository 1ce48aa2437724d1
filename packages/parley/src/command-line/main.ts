// The command `parley`: finds out which of its commands is meant and hands over to it. What they do is theirs.
import { helpText } from '../configuration.ts';
import { commandHelp, readCommand } from './command.ts';

const { command, args } = readCommand(process.argv.slice(2));

switch (command) {
  case 'start':
    // It reads the command line itself, as it does when npm starts it.
    process.argv.splice(2, Infinity, ...args);
    await import('../main.ts');
    break;
  case 'help':
    process.stdout.write(commandHelp(helpText()));
    break;
  case 'unknown':
    process.stderr.write(
      `parley: there is no command "${args[0] ?? ''}": "parley --help" shows those there are\n`,
    );
    process.exitCode = 2;
}
