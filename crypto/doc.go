// Package crypto reads and writes the files of "openssl enc -aes-256-cbc".
//
// [Open] reads every variant the program writes: keys from PBKDF2 or from the
// older EVP_BytesToKey; digests md5, sha1, sha256, sha384 and sha512; any
// iteration count; salted, -nosalt, and without header (-S); binary, base64 in
// lines of 64 columns (-a) and in one line (-a -A), with LF or CRLF. [Seal]
// writes what "openssl enc -d" of any version that knows the parameters reads.
// The format is that of OpenSSL's apps/enc.c and its openssl-enc(1) page:
//
//	"Salted__" ‖ salt (8 bytes) ‖ AES-256-CBC(key, IV, plaintext with PKCS#7 padding)
//	key ‖ IV = PBKDF2-HMAC-digest(passphrase, salt, iterations), 32 + 16 bytes
//
// The package works on bytes in memory, keeps no state, starts no goroutine
// that outlives a call, and never puts a passphrase, a key or a plaintext into
// an error.
//
// # Whole or nothing
//
// A plaintext is returned only when the padding of the whole file is right and
// the content was accepted; with an error there is no plaintext. "openssl enc"
// streams instead: it has written garbage by the time it notices. Base64 is
// read strictly: no stray bytes, no bits behind the padding, no other line
// length. Plaintexts are limited to [MaxSize].
//
// # Authentication
//
// The format has no MAC: 1 wrong passphrase in 256 yields right padding, and a
// flipped bit garbles one block without being noticed. Seal therefore does not
// draw the salt at random but derives it from what is sealed:
//
//	macKey = PBKDF2-HMAC-SHA256(passphrase, "hci/crypto content-derived salt, version 1", n), 32 bytes
//	params = "pbkdf2 sha256 600000 8" (KDF, digest, iterations, salt length)
//	salt   = HMAC-SHA256(macKey, params ‖ 0x00 ‖ plaintext), its first bytes
//
// n is the iteration count of the file; for EVP_BytesToKey, which has none
// (its line reads "EVP_BytesToKey md5 1 8"), it is 10,000. The context string
// is longer than any salt of the format, so macKey never equals a file's key.
// The encoding is not bound: the same file in base64 is the same file.
//
// Open derives the salt again from what it decrypted and compares.
// [Opened.Authenticated] says that they are equal: somebody who knew the
// passphrase sealed exactly these bytes with exactly these parameters.
// Otherwise the file was sealed by openssl itself, or altered; the two cannot
// be told apart.
//
// Bounds. Who does not know the passphrase gets a changed file accepted as
// authentic with a chance of 2⁻⁶⁴ per try (2⁻¹²⁸ with 16 bytes of salt), and can
// only try by handing the file to somebody who opens it. Salts under 8 bytes
// are read but never called authentic. Two different plaintexts get the same
// salt, and so the same key and IV, with 2⁻⁶⁴ per pair: half a chance after some
// four billion versions under one passphrase, as with random salts.
//
// What it leaks. Sealing is deterministic: who sees two files sees whether they
// hold the same content under the same passphrase and parameters, so also that
// a file went back to an earlier content. Nothing else about the content shows
// but its length, to 16 bytes. The context string is the same for everybody:
// who knows a file's whole plaintext can test guessed passphrases against its
// salt with macKeys computed beforehand. Only a strong passphrase helps against
// guessing, here as in openssl.
//
// What it does not say: who of those that know the passphrase sealed the file,
// and that it is the newest version, or the right environment's. An old sealed
// file put back, or another one under the same passphrase, is authentic.
//
// A file without salt (-nosalt) has no room for any of this. It is never
// authenticated, and as all of them share one key and IV, two of them show how
// many leading blocks they have in common.
//
// # Parameters
//
// The file does not say how its key was derived. Open tries
//
//   - the declared parameters, [OpenOptions.Params], in their order;
//   - pbkdf2 sha256 with 10,000 iterations (OpenSSL's default for -pbkdf2) and
//     EVP_BytesToKey with sha256, md5, sha512, sha1, sha384;
//   - pbkdf2 with 10,000 iterations and sha512, sha1, md5, sha384, and sha256
//     with 1, 1000, 2048, 4096 and 5000;
//   - pbkdf2 sha256 with 600,000 iterations, which is [DefaultParams];
//   - pbkdf2 sha256 with 20,000, 50,000, 65,536, 100,000, 200,000, 250,000,
//     300,000, 310,000 and 500,000, and sha512 with 100,000, 210,000, 250,000
//     and 600,000;
//   - pbkdf2 with 1,000,000 iterations and sha256, sha512.
//
// The candidates of one line are tried at the same time on all cores, a line
// only when those before it yielded nothing. A passphrase that is wrong costs
// the whole list, 5 million iterations: 0.6 seconds on four cores, 0.8 on two.
// With [OpenOptions.DeclaredOnly] only the declared ones are tried.
//
// Salt or no salt and the encoding are seen, not guessed. A salt length other
// than 8 must be declared: the file would otherwise pass as a truncated one.
//
// # Which candidate is returned
//
// A candidate fits when its padding is right and [OpenOptions.Check] accepts
// the content (without a Check: when it is valid UTF-8). With wrong parameters
// or a wrong passphrase random bytes have to get through: padding passes 1 in
// 256, UTF-8 of 15 bytes 1 in 6,000, of 64 bytes 1 in 2⁵². So:
//
//   - A candidate that authenticates is returned at once, before any other.
//   - One that does not, but is valid UTF-8 and either passed a Check or is at
//     least 64 bytes long, is returned at once as well.
//   - One that is neither (short, without a Check; or not UTF-8, accepted by
//     Check) is weak evidence. The remaining candidates of up to 10,000
//     iterations are tried first, for one of the two kinds above; then the
//     first weak one in the order of the list is returned.
//   - If Check refuses a content that was authenticated, or that is UTF-8 of at
//     least 64 bytes, the passphrase is right and the content is not what the
//     caller wants: the answer is a [ContentError], not [ErrWrongPassphrase].
//
// A Check that accepts anything lets 1 wrong passphrase in 256 through per
// candidate. Who reads arbitrary bytes that openssl sealed declares the
// parameters, sets DeclaredOnly, and compares a checksum of his own.
package crypto
