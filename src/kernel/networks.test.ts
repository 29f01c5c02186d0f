import { describe, expect, it } from 'vitest';
import { householdOf, inNetworks, parseNetwork, plainAddress } from './networks.ts';

describe('a network', () => {
  it.each([
    ['10.0.3.7', { address: '10.0.3.7', bits: 32, family: 'ipv4' }],
    ['10.0.0.0/8', { address: '10.0.0.0', bits: 8, family: 'ipv4' }],
    ['0.0.0.0/0', { address: '0.0.0.0', bits: 0, family: 'ipv4' }],
    ['fd00::/8', { address: 'fd00::', bits: 8, family: 'ipv6' }],
    ['::1', { address: '::1', bits: 128, family: 'ipv6' }],
  ])('is read from %j', (text, network) => {
    expect(parseNetwork(text)).toEqual(network);
  });

  it.each(['10.0.0.0/33', '10.0.0/8', '::/129', 'proxy', '10.0.0.1:80', '[::1]', 'fe80::1%eth0', '/8', ''])(
    'is not read from %j',
    (text) => {
      expect(parseNetwork(text)).toBe(null);
    },
  );

  it('holds its addresses, however they are written', () => {
    const within = inNetworks(['10.0.0.0/8', '192.0.2.7', 'fd00::/8']);
    for (const address of ['10.255.0.1', '192.0.2.7', 'fd12::1', '::ffff:10.0.0.1'])
      expect([address, within(address)]).toEqual([address, true]);
    for (const address of ['11.0.0.1', '192.0.2.8', 'fe80::1', '::1', '127.0.0.1', '10', 'in-process', ''])
      expect([address, within(address)]).toEqual([address, false]);
    expect(inNetworks([])('127.0.0.1')).toBe(false);
  });
});

describe('an address', () => {
  it.each([
    ['203.0.113.9', '203.0.113.9'],
    ['203.0.113.9:4711', '203.0.113.9'],
    ['::ffff:203.0.113.9', '203.0.113.9'],
    ['[2001:db8::1]:4711', '2001:db8::1'],
    ['[2001:db8::1]', '2001:db8::1'],
    ['2001:db8::1', '2001:db8::1'],
    ['fe80::1%eth0', 'fe80::1'],
    ['unknown', null],
    ['_hidden', null],
    ['203.0.113.999', null],
    ['', null],
  ])('%j is written %j', (text, plain) => {
    expect(plainAddress(text)).toBe(plain);
  });
});

describe('what limits count by', () => {
  it.each([
    ['10.0.3.7', '10.0.3.7'],
    ['2001:db8::1', '2001:db8:0:0::/64'],
    ['2001:0db8:0000:0000:ffff:1:2:3', '2001:db8:0:0::/64'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['::1', '0:0:0:0::/64'],
    ['fe80::', 'fe80:0:0:0::/64'],
    ['in-process', 'in-process'],
  ])('of %s is %s', (address, household) => {
    expect(householdOf(address)).toBe(household);
  });
});
