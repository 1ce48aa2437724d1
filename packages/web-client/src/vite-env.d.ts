// Lets TypeScript accept the stylesheets that Vite bundles.
declare module '*.css';
