import { BlockList, isIP } from 'node:net';

/** A network, or one address: then all bits of it count. */
export interface Network {
  readonly address: string;
  readonly bits: number;
  readonly family: 'ipv4' | 'ipv6';
}

/** `10.0.3.7`, `10.0.0.0/8`, `fd00::/8`; null: it is none of these. */
export function parseNetwork(text: string): Network | null {
  const [, address = '', bits] = /^([^/%]+)(?:\/(\d{1,3}))?$/.exec(text) ?? [];
  const family = familyOf(address);
  if (family === null) return null;
  const most = family === 'ipv4' ? 32 : 128;
  const network = { address, family, bits: bits === undefined ? most : Number(bits) };
  return network.bits <= most ? network : null;
}

/** Whether an address lies in one of these networks; IPv4 is the same when it is written as IPv6. */
export function inNetworks(networks: readonly string[]): (address: string) => boolean {
  const list = new BlockList();
  for (const text of networks) {
    const network = parseNetwork(text);
    if (network !== null) list.addSubnet(network.address, network.bits, network.family);
  }
  return (address) => {
    const family = familyOf(address);
    return family !== null && list.check(address, family);
  };
}

/**
 * An address as people write it: without brackets, port and zone, and IPv4 never as IPv6. Null: it is no address, but a
 * name, a word such as `unknown`, or anything.
 */
export function plainAddress(text: string): string | null {
  const bare = /^\[([^\]]+)\](?::\d+)?$/.exec(text)?.[1] ?? /^(\d+(?:\.\d+){3}):\d+$/.exec(text)?.[1] ?? text;
  const address = bare.replace(/%.*$/s, '').replace(/^::ffff:(?=\d+(?:\.\d+){3}$)/i, '');
  return familyOf(address) === null ? null : address;
}

/** What limits count by: an IPv4 address; of IPv6 the 64 bits of its network, which whoever has one has whole. */
export function householdOf(address: string): string {
  if (familyOf(address) !== 'ipv6') return address;
  const [before = '', after = ''] = address.split('::');
  const words = (text: string): string[] => (text === '' ? [] : text.split(':'));
  const [head, tail] = [words(before), words(after)];
  const gap = Array<string>(Math.max(0, 8 - head.length - tail.length)).fill('0');
  const network = [...head, ...gap, ...tail].slice(0, 4);
  return `${network.map((word) => Number.parseInt(word, 16).toString(16)).join(':')}::/64`;
}

const familyOf = (address: string): Network['family'] | null => {
  const version = isIP(address);
  return version === 0 ? null : version === 4 ? 'ipv4' : 'ipv6';
};
