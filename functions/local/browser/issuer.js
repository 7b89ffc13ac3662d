/** Tokens for tests. */
import { generateKeyPairSync, sign } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Somebody who issues tokens, with the file of its key. */
export function newIssuer() {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const folder = mkdtempSync(join(tmpdir(), 'wsecho-issuer-'));
  const keySet = join(folder, 'jwks.json');
  writeFileSync(keySet, JSON.stringify({ keys: [{ ...publicKey.export({ format: 'jwk' }), kid: '1', alg: 'EdDSA', use: 'sig' }] }));
  const encode = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const name = 'https://issuer.localhost';
  return {
    /** What makes the local program accept its tokens. */
    flags: ['-auth', 'jwt', '-issuer', name, '-audience', 'test', '-jwks', keySet],
    token(user, seconds) {
      const now = Math.floor(Date.now() / 1000);
      const claims = { iss: name, aud: 'test', sub: user, iat: now, exp: now + seconds, scope: 'wsecho:room:*' };
      const signed = `${encode({ alg: 'EdDSA', kid: '1', typ: 'JWT' })}.${encode(claims)}`;
      return `${signed}.${sign(null, signed, privateKey).toString('base64url')}`;
    },
    stop: () => rmSync(folder, { recursive: true }),
  };
}
