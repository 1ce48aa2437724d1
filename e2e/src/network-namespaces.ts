// A network of its own for a test: hosts in Linux network namespaces, cabled to one router, which can be told what to drop.
// Nothing of it is seen outside, and nothing of it stays.
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmodSync, writeFileSync } from 'node:fs';
import { isIPv6 } from 'node:net';
import { canInstall, installPackage } from './debian-package.ts';

/** A host has the address `.2` (`::2`) in the subnets of this number, the router `.1`. */
export interface Cable {
  readonly host: string;
  readonly subnet: number;
}

/** What the router drops of what comes out of one host. */
export interface Blocked {
  /** An address; without it, to everybody, IPv6 included. */
  readonly to?: string;
  readonly protocol?: 'udp' | 'tcp';
  readonly port?: number;
}

/** Inside the namespaces only: they may be anybody's outside. */
export function addressIn(subnet: number, number = 2): string {
  return `10.77.${subnet}.${number}`;
}
export function ipv6AddressIn(subnet: number, number = 2): string {
  return `fd77:${subnet}::${number}`;
}

/** @throws Error with one line that says why namespaces cannot be made here */
export function ensureNamespaces(): void {
  if (process.getuid?.() !== 0)
    throw new Error(
      'network namespaces can be made by root only: run the tests as root, or leave this file out',
    );
  if (spawnSync('ip', ['-V']).status === 0) return;
  if (!canInstall()) throw new Error('no "ip" was found: type "apt-get install iproute2"');
  installPackage('iproute2', 'install iproute2 yourself');
}

export class Network {
  readonly #prefix = `parley-${process.pid}-${randomBytes(3).toString('hex')}`;
  readonly #made: string[] = [];
  readonly #rules = new Map<string, { version: string; words: string[] }[]>();
  readonly #end = () => this.remove();

  /** @throws Error of `ip`; nothing stays then */
  static lay(cables: readonly Cable[]): Network {
    const network = new Network();
    process.once('exit', network.#end);
    try {
      for (const name of new Set(['router', ...cables.map(({ host }) => host)])) network.#addHost(name);
      // A host with two cables answers through its first one.
      for (const which of ['all', 'default'])
        network.#write('router', `/proc/sys/net/ipv4/conf/${which}/rp_filter`, '0');
      for (const cable of cables) network.#plugIn(cable);
      network.#write('router', '/proc/sys/net/ipv4/ip_forward', '1');
      network.#write('router', '/proc/sys/net/ipv6/conf/all/forwarding', '1');
    } catch (error) {
      network.remove();
      throw error;
    }
    return network;
  }

  /** The beginning of a command that is run on the host. */
  on(host: string): string[] {
    return ['ip', 'netns', 'exec', this.#nameOf(host)];
  }

  /** Gives a host one more address in a subnet that it is cabled to. */
  addAddress({ host, subnet }: Cable, number: number): void {
    this.#ip(host, ['address', 'add', `${addressIn(subnet, number)}/24`, 'dev', cableName(subnet)]);
    this.#ip(host, [
      'address',
      'add',
      `${ipv6AddressIn(subnet, number)}/64`,
      'dev',
      cableName(subnet),
      'nodad',
    ]);
  }

  /** From now on the router drops these, and nothing else, of what comes from the host. */
  block({ host, subnet }: Cable, blocked: readonly Blocked[]): void {
    for (const rule of this.#rules.get(host) ?? [])
      this.#ip('router', [rule.version, 'rule', 'del', ...rule.words]);
    const rules = blocked.flatMap(({ to, protocol, port }) => {
      const words = [
        ...['iif', cableName(subnet)],
        ...(to === undefined ? [] : ['to', to]),
        ...(protocol === undefined ? [] : ['ipproto', protocol]),
        ...(port === undefined ? [] : ['dport', String(port)]),
        'blackhole',
      ];
      const versions = to === undefined ? ['-4', '-6'] : [isIPv6(to) ? '-6' : '-4'];
      return versions.map((version) => ({ version, words }));
    });
    for (const { version, words } of rules) this.#ip('router', [version, 'rule', 'add', ...words]);
    this.#rules.set(host, rules);
  }

  /** A program that runs another one on the host, for those who can only be given a path. */
  wrap(host: string, executable: string, path: string): string {
    writeFileSync(path, `#!/bin/sh\nexec ${this.on(host).join(' ')} "${executable}" "$@"\n`);
    chmodSync(path, 0o755);
    return path;
  }

  /** Takes everything away, and kills what still runs on the hosts: their starters may not have got to ending it. Idempotent. */
  remove(): void {
    process.off('exit', this.#end);
    // Without waiting for anything: this runs at the end of the process, too.
    for (const name of this.#made.splice(0)) {
      const { stdout } = spawnSync('ip', ['netns', 'pids', name], { encoding: 'utf8' });
      for (const pid of stdout.split('\n').filter(Boolean)) killIfThere(Number(pid));
      spawnSync('ip', ['netns', 'delete', name]);
    }
  }

  #addHost(host: string): void {
    const name = this.#nameOf(host);
    run(['ip', 'netns', 'add', name]);
    this.#made.push(name);
    this.#ip(host, ['link', 'set', 'lo', 'up']);
  }

  /** A cable, an address at each end, and, for a host's first cable, the way to everything else. */
  #plugIn({ host, subnet }: Cable): void {
    const name = cableName(subnet);
    const ends = [this.#nameOf(host), this.#nameOf('router')] as const;
    run([
      'ip',
      'link',
      'add',
      name,
      'netns',
      ends[0],
      'type',
      'veth',
      'peer',
      'name',
      name,
      'netns',
      ends[1],
    ]);
    for (const [end, number] of [
      [host, 2],
      ['router', 1],
    ] as const) {
      this.#ip(end, ['link', 'set', name, 'up']);
      this.addAddress({ host: end, subnet }, number);
    }
    // The second cable's way out is of no use: the first one's exists already, and the kernel says so.
    for (const [version, router] of [
      ['-4', addressIn(subnet, 1)],
      ['-6', ipv6AddressIn(subnet, 1)],
    ] as const)
      this.#ip(host, [version, 'route', 'append', 'default', 'via', router]);
  }

  #write(host: string, file: string, text: string): void {
    run([...this.on(host), 'sh', '-c', `echo ${text} > ${file}`]);
  }

  #ip(host: string, args: readonly string[]): void {
    run(['ip', '-netns', this.#nameOf(host), ...args]);
  }

  #nameOf(host: string): string {
    return `${this.#prefix}-${host}`;
  }
}

/** Also the name of both its ends. */
function cableName(subnet: number): string {
  return `cable${subnet}`;
}

function killIfThere(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    // It has ended by itself meanwhile.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

function run([command = '', ...args]: readonly string[]): void {
  const { status, stderr, error } = spawnSync(command, args, { encoding: 'utf8' });
  if (status !== 0)
    throw new Error(`"${[command, ...args].join(' ')}" failed: ${error?.message ?? stderr.trim()}`);
}
