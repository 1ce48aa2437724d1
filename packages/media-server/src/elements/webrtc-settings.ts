// What a client sets on a WebRtcEndpoint about its network before the negotiation: which addresses its peer is told, and
// whether by TCP too. Afterwards the description of this side is with the peer, and a change could only pretend.
import { isIPv4, isIPv6 } from 'node:net';
import { KurentoError } from '@parley/protocol';
import { addressesOf, type AddressChoice } from '../transport/announced-candidates.ts';
import { BaseRtpEndpoint } from './base-rtp-endpoint.ts';

export abstract class WebRtcSettings extends BaseRtpEndpoint {
  #networkInterfaces = '';
  #interfaces: readonly string[] = [];
  #externalIPv4 = '';
  #externalIPv6 = '';
  #iceTcp = true;

  /** Names separated by commas; empty: all that the server announces. */
  get networkInterfaces(): string {
    return this.#networkInterfaces;
  }

  /** @throws KurentoError MEDIA_OBJECT_ILLEGAL_PARAM_ERROR, MEDIA_OBJECT_OPERATION_NOT_SUPPORTED */
  set networkInterfaces(names: string) {
    this.refuseOnceDescribed('networkInterfaces');
    const interfaces = names
      .split(',')
      .map((name) => name.trim())
      .filter((name) => name !== '');
    for (const name of interfaces) {
      if (addressesOf(name).length === 0)
        throw illegal(`'${name}' is no network interface with an address here`);
    }
    this.#networkInterfaces = names;
    this.#interfaces = interfaces;
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

  protected get addressChoice(): AddressChoice {
    return {
      interfaces: this.#interfaces,
      externalIPv4: this.#externalIPv4 || undefined,
      externalIPv6: this.#externalIPv6 || undefined,
      tcp: this.#iceTcp,
    };
  }
}

function illegal(message: string): KurentoError {
  return new KurentoError('MEDIA_OBJECT_ILLEGAL_PARAM_ERROR', message);
}
