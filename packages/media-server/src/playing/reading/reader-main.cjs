// Starts the process that reads media. Its code is loaded by `require`: that takes a third of the time of `import` under tsx.
require('./reader-main.ts');
