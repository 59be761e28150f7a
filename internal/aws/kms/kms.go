// Package kms encrypts and decrypts a few bytes with a key of AWS KMS.
//
// What is encrypted so is decided in hci/internal/team.
package kms

import (
	"context"
	"fmt"
	"strings"

	"hci/internal/aws/client"
)

// Keys calls KMS where each key is: in the region that its ARN names.
type Keys struct {
	// Config returns the SDK's configuration for a region.
	Config func(ctx context.Context, region string) (client.Config, error)
}

func (k *Keys) client(ctx context.Context, arn string) (*client.Client, error) {
	parts := strings.Split(arn, ":")
	if len(parts) < 6 || parts[2] != "kms" {
		return nil, fmt.Errorf("%q is not the ARN of a KMS key", arn)
	}
	cfg, err := k.Config(ctx, parts[3])
	if err != nil {
		return nil, err
	}
	cfg.Region = parts[3]
	return client.New(cfg, client.Service{Host: "kms", Name: "kms", Target: "TrentService", Env: "AWS_ENDPOINT_URL_KMS"}), nil
}

// encryptionContext binds a ciphertext to its purpose, and shows it in
// CloudTrail.
var encryptionContext = map[string]string{"application": "hci"}

// Encrypt calls Encrypt: at most 4,096 bytes.
//
// https://docs.aws.amazon.com/kms/latest/APIReference/API_Encrypt.html
func (k *Keys) Encrypt(ctx context.Context, arn string, plaintext []byte) ([]byte, error) {
	c, err := k.client(ctx, arn)
	if err != nil {
		return nil, err
	}
	var out struct{ CiphertextBlob []byte }
	err = c.Call(ctx, "Encrypt", map[string]any{"KeyId": arn, "Plaintext": plaintext, "EncryptionContext": encryptionContext}, &out)
	if err == nil && len(out.CiphertextBlob) == 0 {
		err = fmt.Errorf("the answer of KMS to Encrypt holds nothing")
	}
	return out.CiphertextBlob, err
}

// Decrypt calls Decrypt. KMS checks that the key is the one that encrypted.
//
// https://docs.aws.amazon.com/kms/latest/APIReference/API_Decrypt.html
func (k *Keys) Decrypt(ctx context.Context, arn string, ciphertext []byte) ([]byte, error) {
	c, err := k.client(ctx, arn)
	if err != nil {
		return nil, err
	}
	var out struct{ Plaintext []byte }
	err = c.Call(ctx, "Decrypt", map[string]any{"KeyId": arn, "CiphertextBlob": ciphertext, "EncryptionContext": encryptionContext}, &out)
	if err == nil && len(out.Plaintext) == 0 {
		err = fmt.Errorf("the answer of KMS to Decrypt holds nothing")
	}
	return out.Plaintext, err
}
