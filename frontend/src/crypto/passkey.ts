/**
 * The phone's own authenticator (fingerprint, face or screen lock) as a way to open the vault: WebAuthn with the PRF
 * extension gives the same secret for the same salt, and only to this site. Where a browser has no PRF, nothing is offered.
 */
import { random } from './bytes';
import type { DeviceWrap, Made } from './vault';

export interface Authenticator {
  /** Whether there is anything to try. */
  isThere(): Promise<boolean>;
  /** A new credential and its secret. Throws where the person refuses, or without PRF. */
  make(): Promise<Made>;
  /** The secret for a wrap; null without PRF. Throws where the person refuses. */
  read(wrap: Pick<DeviceWrap, 'credential' | 'salt'>): Promise<ArrayBuffer | null>;
}

export const authenticator: Authenticator = { isThere, make, read };

interface PrfOutputs {
  prf?: { enabled?: boolean; results?: { first?: ArrayBuffer } };
}

async function isThere(): Promise<boolean> {
  try {
    return (await PublicKeyCredential.isUserVerifyingPlatformAuthenticatorAvailable()) === true;
  } catch {
    return false;
  }
}

async function make(): Promise<Made> {
  const salt = random(32);
  const made = (await navigator.credentials.create({
    publicKey: {
      rp: { name: '走访' },
      // The phone's own list of passkeys tells nothing of anybody.
      user: { id: random(16), name: '走访', displayName: '走访' },
      challenge: random(32),
      pubKeyCredParams: [
        { type: 'public-key', alg: -7 },
        { type: 'public-key', alg: -257 },
      ],
      authenticatorSelection: {
        authenticatorAttachment: 'platform',
        residentKey: 'preferred',
        userVerification: 'required',
      },
      extensions: { prf: { eval: { first: salt } } },
    },
  })) as PublicKeyCredential | null;
  if (!made) throw new Error('no credential');
  const credential = made.rawId;
  const { prf } = made.getClientExtensionResults() as PrfOutputs;
  if (!prf?.enabled && !prf?.results) throw new Error('no PRF');
  const output = prf.results?.first ?? (await read({ credential, salt: salt.buffer }));
  if (!output) throw new Error('no PRF');
  return { credential, salt: salt.buffer, output };
}

async function read({
  credential,
  salt,
}: Pick<DeviceWrap, 'credential' | 'salt'>): Promise<ArrayBuffer | null> {
  const got = (await navigator.credentials.get({
    publicKey: {
      challenge: random(32),
      allowCredentials: [{ type: 'public-key', id: credential }],
      userVerification: 'required',
      extensions: { prf: { eval: { first: salt } } },
    },
  })) as PublicKeyCredential | null;
  const { prf } = (got?.getClientExtensionResults() ?? {}) as PrfOutputs;
  return prf?.results?.first ?? null;
}
