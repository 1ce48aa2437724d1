// The certificate alone, for parts that speak TLS beside the application server.
export { AppServerStartError } from '../start-error.ts';
export { selfSignedFiles } from './self-signed-certificate.ts';
export { ServerCertificate, type TlsOptions } from './server-certificate.ts';
