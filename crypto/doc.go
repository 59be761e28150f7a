// Package crypto reads and writes the files of "openssl enc -aes-256-cbc".
//
// Start here: for most uses, call [Open] and [Seal], with [DefaultParams] for a
// new file and [Opened].Params for one that is sealed again. The sections below
// say what that promises. An environment's file on disk, and the plaintext
// beside it, are hci/internal/sealed's.
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
//	salt   = HMAC-SHA256(macKey, "version 2 " ‖ params ‖ 0x00 ‖ context ‖ 0x00 ‖ plaintext), its first bytes
//
// n is the iteration count of the file; for EVP_BytesToKey, which has none
// (its line reads "EVP_BytesToKey md5 1 8"), it is 10,000. The context string
// is longer than any salt of the format, so macKey never equals a file's key.
// The encoding is not bound: the same file in base64 is the same file.
//
// The context is what the file is for: the name of its environment, 1 to 255
// bytes without NUL. Version 1, which hci wrote before, had none:
//
//	salt   = HMAC-SHA256(macKey, params ‖ 0x00 ‖ plaintext), its first bytes
//
// Both versions share the MAC key, so that opening derives one. Their inputs
// never meet: a line of version 1 begins with the name of a key derivation, and
// neither context nor params hold a 0x00.
//
// Open derives the salt again from what it decrypted and compares, with the
// context it was given, then by version 1, then with the other contexts that it
// was told of. [Opened.Authenticated] says that one of the first two is equal:
// somebody who knew the passphrase sealed exactly these bytes with exactly these
// parameters, and in version 2 for this context. A file for one of the other
// contexts is a [ContextError]. Everything else was sealed by openssl itself, or
// altered, or sealed for a context that nobody named; these cannot be told
// apart.
//
// Bounds. Who does not know the passphrase gets a changed file accepted as
// authentic with a chance of 2⁻⁶³ per try, as two salts are good (2⁻¹²⁷ with 16
// bytes of salt), and can
// only try by handing the file to somebody who opens it. Salts under 8 bytes
// are read but never called authentic. Two different plaintexts get the same
// salt, and so the same key and IV, with 2⁻⁶⁴ per pair: half a chance after some
// four billion versions under one passphrase, as with random salts.
//
// What it leaks. Sealing is deterministic: who sees two files sees whether they
// hold the same content under the same passphrase, parameters and context, so
// also that a file went back to an earlier content. (Two environments with equal
// content show that in version 1, and no more in version 2.) Nothing else about
// the content shows but its length, to 16 bytes; the context does not show at
// all. The string in the MAC key is the same for everybody:
// who knows a file's whole plaintext can test guessed passphrases against its
// salt with macKeys computed beforehand. Only a strong passphrase helps against
// guessing, here as in openssl.
//
// What it does not say: who of those that know the passphrase sealed the file,
// and that it is the newest version. An old sealed file put back is authentic,
// and a file of version 1 is so in the place of any other: whoever has one of
// another environment can put it there. A caller that remembers that a place
// held version 2 can refuse version 1 there ([Opened.Context]).
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
//     with 1, 1000, 2048, 4096 and 5000, and sha1 with 1000;
//   - pbkdf2 sha256 with 600,000 iterations, which is [DefaultParams], and with
//     every count that was the default before;
//   - pbkdf2 sha256 with 20,000, 50,000, 65,536, 100,000, 120,000, 150,000,
//     200,000, 250,000, 260,000, 300,000, 310,000 and 500,000, and sha512 with
//     100,000, 210,000, 250,000 and 600,000;
//   - pbkdf2 with 1,000,000 iterations and sha256, sha512.
//
// The candidates of one line are tried at the same time on all cores, a line
// only when those before it yielded nothing. A passphrase that is wrong costs
// the whole list, 6 million iterations: 0.7 seconds on four cores, 1.1 on two.
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
