// What a client sets on a WebRtcEndpoint about its network: which addresses its peer is told, whether by TCP too, and which
// STUN server knows one more. All but the last before the negotiation: afterwards the description of this side is with the
// peer, and a change could only pretend.
import { isIP, isIPv4, isIPv6 } from 'node:net';
import { KurentoError } from '@parley/protocol';
import { addressesOf, type AddressChoice } from '../transport/announced-candidates.ts';
import type { StunServer } from '../transport/outside-addresses.ts';
import type { TurnServer } from '../transport/relay.ts';
import { isServerAddress } from '../transport/server-address.ts';
import { BaseRtpEndpoint } from './base-rtp-endpoint.ts';
import { parseTurnUrl } from './turn-url.ts';

/** RFC 8489, section 8. */
const DEFAULT_STUN_PORT = 3478;

export abstract class WebRtcSettings extends BaseRtpEndpoint {
  #networkInterfaces = '';
  #interfaces: readonly string[] = [];
  #externalIPv4 = '';
  #externalIPv6 = '';
  #iceTcp = true;
  #stunServerAddress = '';
  #stunServerPort = DEFAULT_STUN_PORT;
  #turnUrl = '';
  #turnServer: TurnServer | undefined;

  /** Names separated by commas; empty: all that the server announces. */
  get networkInterfaces(): string {
    return this.#networkInterfaces;
  }

  /** @throws KurentoError MEDIA_OBJECT_ILLEGAL_PARAM_ERROR, MEDIA_OBJECT_OPERATION_NOT_SUPPORTED */
  set networkInterfaces(names: string) {
    this.refuseOnceDescribed('networkInterfaces');
    // Each once: looking one up takes time, and a long text has room for many.
    const interfaces = new Set(names.split(',').map((name) => name.trim()));
    interfaces.delete('');
    for (const name of interfaces) {
      if (addressesOf(name).length === 0)
        throw illegal(`'${name}' is no network interface with an address here`);
    }
    this.#networkInterfaces = names;
    this.#interfaces = [...interfaces];
  }

  /** Told in place of this machine's own addresses of the family; empty: those are told. */
  get externalIPv4(): string {
    return this.#externalIPv4;
  }

  /** @throws KurentoError MEDIA_OBJECT_ILLEGAL_PARAM_ERROR, MEDIA_OBJECT_OPERATION_NOT_SUPPORTED */
  set externalIPv4(address: string) {
    this.refuseOnceDescribed('externalIPv4');
    if (address !== '' && !isIPv4(address)) throw illegal('externalIPv4 has to be an IPv4 address');
    this.#externalIPv4 = address;
  }

  /** As `externalIPv4`. */
  get externalIPv6(): string {
    return this.#externalIPv6;
  }

  /** @throws KurentoError MEDIA_OBJECT_ILLEGAL_PARAM_ERROR, MEDIA_OBJECT_OPERATION_NOT_SUPPORTED */
  set externalIPv6(address: string) {
    this.refuseOnceDescribed('externalIPv6');
    if (address !== '' && (!isIPv6(address) || address.includes('%')))
      throw illegal('externalIPv6 has to be an IPv6 address');
    this.#externalIPv6 = address;
  }

  /** Whether the peer may come by TCP. */
  get iceTcp(): boolean {
    return this.#iceTcp;
  }

  /** @throws KurentoError MEDIA_OBJECT_OPERATION_NOT_SUPPORTED */
  set iceTcp(iceTcp: boolean) {
    this.refuseOnceDescribed('iceTcp');
    this.#iceTcp = iceTcp;
  }

  /** Of the server that is asked when candidates are gathered; empty: none is. */
  get stunServerAddress(): string {
    return this.#stunServerAddress;
  }

  /**
   * Counts when candidates are gathered next, so it can be set at any time. Neither link-local nor where clouds keep their
   * metadata: there is no STUN server, and clients are not to send anything there from here.
   * @throws KurentoError MEDIA_OBJECT_ILLEGAL_PARAM_ERROR
   */
  set stunServerAddress(address: string) {
    if (address !== '') checkStunServerAddress(address);
    this.#stunServerAddress = address;
  }

  /** Its UDP port. */
  get stunServerPort(): number {
    return this.#stunServerPort;
  }

  /** @throws KurentoError MEDIA_OBJECT_ILLEGAL_PARAM_ERROR */
  set stunServerPort(port: number) {
    if (port < 1 || port > 65_535) throw illegal('stunServerPort has to be a port, 1 to 65535');
    this.#stunServerPort = port;
  }

  /** `user:password@host:port?transport=udp|tcp|tls`, of a relay that is asked for when candidates are gathered; empty: none is. */
  get turnUrl(): string {
    return this.#turnUrl;
  }

  /**
   * No such addresses as `stunServerAddress` refuses; a name that leads to one gives no relay.
   * @throws KurentoError MEDIA_OBJECT_ILLEGAL_PARAM_ERROR, MEDIA_OBJECT_OPERATION_NOT_SUPPORTED
   */
  set turnUrl(url: string) {
    this.refuseOnceDescribed('turnUrl');
    this.#turnServer = url === '' ? undefined : parseTurnUrl(url);
    this.#turnUrl = url;
  }

  protected get turnServer(): TurnServer | undefined {
    return this.#turnServer;
  }

  protected get stunServer(): StunServer | undefined {
    const [address, port] = [this.#stunServerAddress, this.#stunServerPort];
    return address === '' ? undefined : { address, port };
  }

  protected get addressChoice(): AddressChoice {
    return {
      interfaces: this.#interfaces,
      externalIPv4: this.#externalIPv4 || undefined,
      externalIPv6: this.#externalIPv6 || undefined,
      tcp: this.#iceTcp,
    };
  }
}

/** @throws KurentoError MEDIA_OBJECT_ILLEGAL_PARAM_ERROR */
function checkStunServerAddress(address: string): void {
  if (isIP(address) === 0 || address.includes('%'))
    throw illegal('stunServerAddress needs an IP address: resolve the name of the server before');
  if (!isServerAddress(address))
    throw illegal(`stunServerAddress cannot name ${address}, which is no address of such a server`);
}

function illegal(message: string): KurentoError {
  return new KurentoError('MEDIA_OBJECT_ILLEGAL_PARAM_ERROR', message);
}
