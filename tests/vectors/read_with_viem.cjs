// Reads signed transactions (a JSON list of hexadecimal texts on stdin) with viem and writes what it found as JSON.
// usage: node read_with_viem.cjs FOLDER, where FOLDER/node_modules holds viem

const { readFileSync } = require("node:fs");
const { createRequire } = require("node:module");
const { join } = require("node:path");

const viem = createRequire(join(process.argv[2], "package.json"))("viem");

async function read(raw) {
  const found = viem.parseTransaction(raw);
  const call = found.data ? viem.decodeFunctionData({ abi: viem.erc20Abi, data: found.data }) : null;
  return {
    ...found,
    hash: viem.keccak256(raw),
    sender: await viem.recoverTransactionAddress({ serializedTransaction: raw }),
    call,
  };
}

async function main() {
  const found = await Promise.all(JSON.parse(readFileSync(0, "utf8")).map(read));
  process.stdout.write(JSON.stringify(found, (_, value) => (typeof value === "bigint" ? value.toString() : value)));
}

main();
