// Every weakness that Parley can find in an installation, once: what an attacker could do with it, and what mends it.
// Whether it is there is decided by who looks (`parley audit`, the session inspector), with evidence.
import type { LegDiagnosis } from './leg-diagnosis.ts';
import type { SecurityFinding } from './security-finding.ts';

type CatalogueEntry = Omit<SecurityFinding, 'id' | 'evidence'>;

export const SECURITY_CATALOGUE = {
  'signalling-without-tls': {
    severity: 'high',
    hop: 'browser to server',
    title: 'Page and signalling can be reached from other machines without encryption',
    attack:
      'Whoever is on the way (the same Wi-Fi, a router) reads the keys to rooms and changes the page or the fingerprints in it, and so sees, hears and records every call.',
    fix: 'Give Parley a certificate (TLS_CERT and TLS_KEY, or --tls self-signed), or let it listen on loopback (HOST=127.0.0.1) behind an HTTPS proxy named in TRUST_PROXY.',
  },
  'clear-beside-proxy': {
    severity: 'medium',
    hop: 'browser to server',
    title: 'Page and signalling can be reached in clear, past the proxy',
    attack:
      'Who is led to this address instead of the proxy talks without encryption; whoever is on the way reads and changes all of it.',
    fix: 'Let Parley listen where only the proxy reaches it: HOST=127.0.0.1 when it is on the same machine, else a firewall.',
  },
  'origin-check-off': {
    severity: 'high',
    hop: 'browser to server',
    title: 'Pages of other sites may open a signalling connection',
    attack:
      'A page that somebody visits opens connections in their browser, from inside their network, and acts in rooms whose address it knows.',
    fix: 'Let the proxy pass Host as the browser sent it, and never rewrite or remove Origin; Parley then refuses foreign pages.',
  },
  'certificate-expired': {
    severity: 'high',
    hop: 'browser to server',
    title: 'The certificate is past its end',
    attack:
      'Browsers warn, people learn to click the warning away, and then nothing tells them an impostor from your server.',
    fix: 'Renew the certificate; Parley takes the new files without a restart.',
  },
  'certificate-ends-soon': {
    severity: 'medium',
    hop: 'browser to server',
    title: 'The certificate is near its end',
    attack: 'Nothing yet; once it has ended, browsers refuse the page or people learn to ignore the warning.',
    fix: 'Renew it now and see why it was not renewed by itself (with certbot: "certbot renew", and its timer).',
  },
  'certificate-self-signed': {
    severity: 'medium',
    hop: 'browser to server',
    title: 'Nobody vouches for the certificate',
    attack:
      'Who sits between browser and server shows a certificate of their own; people who click the warning away without comparing the fingerprint do not notice.',
    fix: 'Take a certificate of an authority (Let’s Encrypt needs a name only), or have everybody compare the fingerprint that the start report prints.',
  },
  'proxy-not-named': {
    severity: 'medium',
    hop: 'browser to server',
    title: 'Parley does not know the proxy through which browsers come',
    attack:
      'All who come through it count as one address: whoever uses up its limits (new rooms, connections, tests) shuts everybody else out. Cookies are not marked Secure, either.',
    fix: 'Name the address that the proxy connects from in TRUST_PROXY, and let the proxy replace X-Forwarded-For, -Host and -Proto (docs/deployment/nginx.conf does).',
  },
  'missing-hsts': {
    severity: 'medium',
    hop: 'browser to server',
    title: 'Browsers are not told to come back over HTTPS only',
    attack:
      'Who is on the way answers the first, unencrypted request of somebody who typed the address without "https", and keeps them there.',
    fix: 'Send Strict-Transport-Security: Parley does with a certificate of an authority; a proxy has to add it (docs/deployment/nginx.conf does).',
  },
  'missing-csp': {
    severity: 'medium',
    hop: 'browser to server',
    title: 'The page does not restrict where its scripts come from',
    attack:
      'A single injected script has camera, microphone and room of whoever looks at the page; framed by another site, people can be made to click in it.',
    fix: 'Pass the headers on that Parley sends: Content-Security-Policy with default-src, object-src and frame-ancestors, and X-Content-Type-Options.',
  },
  'cookie-without-flags': {
    severity: 'medium',
    hop: 'browser to server',
    title: 'A cookie lacks the flags that protect it',
    attack:
      'Without HttpOnly a script reads it, without SameSite another site has it sent along, without Secure it travels in clear: with it comes the administration.',
    fix: 'Let no proxy rewrite cookies; serve over HTTPS, so that they are marked Secure.',
  },
  'version-leaked': {
    severity: 'low',
    hop: 'browser to server',
    title: 'Answers name programs and versions',
    attack: 'Whoever knows the version knows which published flaws to try.',
    fix: 'Switch it off where the header is from: nginx "server_tokens off", coturn "no-software-attribute".',
  },
  'control-socket-open': {
    severity: 'high',
    hop: 'control socket',
    title: 'The media server’s control socket lets strangers in',
    attack:
      'Whoever reaches it creates, reads, records and ends every call, and lets the media server read and write files and fetch addresses inside your network.',
    fix: 'Let it listen on loopback, or ask for a token: --token (PARLEY_MEDIA_TOKEN) of Parley’s media server and MEDIA_SERVER_TOKEN here; before the original, a proxy or a firewall.',
  },
  'control-socket-without-tls': {
    severity: 'high',
    hop: 'control socket',
    title: 'The media server’s control socket crosses the network in clear',
    attack: 'Whoever is on the way reads its token and with it creates, reads, records and ends every call.',
    fix: 'Give the media server a certificate (--tls-cert, --tls-key) and use wss:// in MEDIA_SERVER_URL, or let it listen on loopback.',
  },
  'turn-secret-known': {
    severity: 'high',
    hop: 'relay',
    title: 'TURN_SECRET is one that everybody knows',
    attack:
      'It stands in manuals and examples: anybody mints credentials for the relay and uses your bandwidth and your address.',
    fix: 'Make a new one (openssl rand -base64 32) and set it here and in the TURN server.',
  },
  'turn-secret-weak': {
    severity: 'high',
    hop: 'relay',
    title: 'TURN_SECRET can be guessed',
    attack:
      'Everybody who joins gets a name and its password, which is made with the secret: enough to try millions of secrets a second at home, and to mint credentials for ever after.',
    fix: 'Make a new one (openssl rand -base64 32) and set it here and in the TURN server.',
  },
  'turn-well-known-user': {
    severity: 'high',
    hop: 'relay',
    title: 'The TURN server takes a name and password that everybody knows',
    attack: 'Anybody relays through it: your bandwidth is used, and what they do bears your address.',
    fix: 'Remove fixed users ("user=" and "lt-cred-mech" of coturn) and use the shared secret (use-auth-secret).',
  },
  'turn-open': {
    severity: 'high',
    hop: 'relay',
    title: 'The TURN server asks nobody for credentials',
    attack: 'Anybody relays through it: your bandwidth is used, and what they do bears your address.',
    fix: 'Switch authentication on (coturn: "use-auth-secret", and no "no-auth").',
  },
  'turn-relays-elsewhere': {
    severity: 'high',
    hop: 'relay',
    title: 'The TURN server relays to others than the media server',
    attack:
      'Everybody who joins a call can reach what the relay reaches: services on its loopback, your network behind the firewall, the metadata service of a cloud with its keys.',
    fix: 'Deny all peers and allow the media server’s address alone (coturn: denied-peer-ip, allowed-peer-ip; docs/deployment/turnserver.conf does).',
  },
  'turn-reaches-other-ports': {
    severity: 'medium',
    hop: 'relay',
    title: 'The TURN server relays to other ports of the media server’s machine',
    attack:
      'Everybody who joins a call can send datagrams to other UDP services of that machine, past a firewall that lets the relay through.',
    fix: 'Use the embedded relay, which knows the port too, or let a firewall pass datagrams from the relay to RTC_PORT only; coturn itself knows addresses only.',
  },
  'srtp-profile-weak': {
    severity: 'high',
    hop: 'media',
    title: 'Media may go unencrypted or badly protected',
    attack:
      'Without encryption whoever is on the way hears and sees the call; with tags of 32 bits they can forge packets of sound.',
    fix: 'Use a media server that takes SRTP_AEAD_AES_128_GCM or SRTP_AES128_CM_HMAC_SHA1_80 only, as Parley’s does.',
  },
  'dtls-version-old': {
    severity: 'medium',
    hop: 'media',
    title: 'Media keys were agreed upon by an outdated version of DTLS',
    attack:
      'DTLS 1.0 relies on MD5 and SHA-1 (deprecated by RFC 8996): who is on the way may one day forge a handshake, and then hears and sees the call.',
    fix: 'Use a media server that takes DTLS 1.2 and later only, as Parley’s does, and current browsers.',
  },
  'media-without-dtls': {
    severity: 'high',
    hop: 'media',
    title: 'Media is negotiated without DTLS',
    attack: 'Whoever reads the signalling has the keys, or there are none: they hear and see the call.',
    fix: 'Use a media server that answers with UDP/TLS/RTP/SAVPF and a fingerprint, as RFC 8827 demands.',
  },
  'sends-a-flood': {
    severity: 'medium',
    hop: 'media',
    title: 'A participant sends more than any browser does; what is above is dropped',
    attack:
      'With a program instead of a browser they try to take so much of the media server and of everybody’s download that calls of others suffer.',
    fix: 'Nothing is open here: see who it is and talk to them, or close the room. If an honest sender gives as much (to a media server that you run), raise its --max-receive-mbits.',
  },
  'secret-on-command-line': {
    severity: 'medium',
    hop: 'disk',
    title: 'A secret stands in the command line of a process',
    attack:
      'Every user of the machine reads the command lines of all processes; with the secret they mint credentials for the relay, control the media server or read the database.',
    fix: 'Give it as environment variable, or its file: TURN_SECRET_FILE and the like, --token-file (PARLEY_MEDIA_TOKEN_FILE) of the media server. Then make a new one.',
  },
  'data-readable-by-others': {
    severity: 'high',
    hop: 'disk',
    title: 'Other users of the machine can read recordings or secrets',
    attack:
      'Every program that runs there under another user, a broken web application say, copies recordings, keys to rooms and private keys.',
    fix: 'chmod -R go-rwx on the data folder, and chmod 600 on the key: Parley itself makes all of it so, unless it was there before.',
  },
} as const satisfies Record<string, CatalogueEntry>;

export type SecurityFindingId = keyof typeof SECURITY_CATALOGUE;

/** @param evidence what was seen that shows it; no secrets */
export function securityFinding(id: SecurityFindingId, evidence: string): SecurityFinding {
  return { id, ...SECURITY_CATALOGUE[id], evidence };
}

/** IANA, "DTLS-SRTP Protection Profiles": all others have tags of 32 bits or no encryption. */
const STRONG_PROFILES: ReadonlySet<string> = new Set([
  'SRTP_AES128_CM_HMAC_SHA1_80',
  'SRTP_AES128_CM_SHA1_80',
  'SRTP_AEAD_AES_128_GCM',
  'SRTP_AEAD_AES_256_GCM',
]);

/** What is wrong with the media of one leg that is connected, or with who is at its end. */
export function legFindings({
  srtp,
  dtls,
  dropped,
}: Pick<LegDiagnosis, 'srtp' | 'dtls' | 'dropped'>): SecurityFinding[] {
  const findings: SecurityFinding[] = [];
  if (srtp.profile !== null && !STRONG_PROFILES.has(srtp.profile))
    findings.push(securityFinding('srtp-profile-weak', `this leg uses ${srtp.profile}`));
  if (dtls.version !== null && isOutdated(dtls.version))
    findings.push(securityFinding('dtls-version-old', `this leg uses ${dtls.version}`));
  if (dropped > 0)
    findings.push(securityFinding('sends-a-flood', `${dropped} packets of this leg were dropped`));
  return findings;
}

/** @param version such as `DTLS 1.2` */
function isOutdated(version: string): boolean {
  const [, number] = /(\d+\.\d+)/.exec(version) ?? [];
  return number !== undefined && Number(number) < 1.2;
}
