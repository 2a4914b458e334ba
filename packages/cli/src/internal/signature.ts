import * as Crypto from "node:crypto"
import { createReadStream, readFileSync } from "node:fs"
import { pipeline } from "node:stream/promises"
import * as Effect from "effect/Effect"
import { CommandFailed } from "./command.js"

/**
 * Signs a file with a private key, and returns the properties by which Nova and Glance verify it: RSA-PSS with the longest
 * salt over SHA-256.
 *
 * @see https://docs.openstack.org/glance/latest/user/signature.html
 */
export const sign = (file: string, keyFile: string, certificateId: string) =>
  Effect.gen(function* () {
    const key = yield* Effect.try({
      try: () => Crypto.createPrivateKey(readFileSync(keyFile)),
      catch: (error) =>
        new CommandFailed({ message: `--sign-key-path ${keyFile}: no private key: ${(error as Error).message}` })
    })
    const signer = Crypto.createSign("sha256")
    yield* Effect.tryPromise({
      try: () => pipeline(createReadStream(file), signer),
      catch: (error) => new CommandFailed({ message: `${file} cannot be signed: ${(error as Error).message}` })
    })
    const signature = signer.sign(
      {
        key,
        padding: Crypto.constants.RSA_PKCS1_PSS_PADDING,
        saltLength: Crypto.constants.RSA_PSS_SALTLEN_MAX_SIGN
      },
      "base64"
    )
    return {
      img_signature: signature,
      img_signature_certificate_uuid: certificateId,
      img_signature_hash_method: "SHA-256",
      img_signature_key_type: "RSA-PSS"
    }
  })
