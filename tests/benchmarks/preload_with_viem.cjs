// Reads balances with viem's multicall, as often as asked, and writes how many milliseconds each time took.
// usage: node preload_with_viem.cjs FOLDER URL MULTICALL RUNS, where FOLDER/node_modules holds viem;
// {"accounts": [...], "tokens": [...]} on stdin

const { readFileSync } = require("node:fs");
const { createRequire } = require("node:module");
const { join } = require("node:path");

const [folder, url, multicallAddress, runs] = process.argv.slice(2);
const { createPublicClient, erc20Abi, http, parseAbi } = createRequire(join(folder, "package.json"))("viem");

const coinAbi = parseAbi(["function getEthBalance(address account) view returns (uint256)"]);
const { accounts, tokens } = JSON.parse(readFileSync(0, "utf8"));
const client = createPublicClient({ transport: http(url, { retryCount: 0 }) });
const contracts = accounts.flatMap((account) => [
  { address: multicallAddress, abi: coinAbi, functionName: "getEthBalance", args: [account] },
  ...tokens.map((token) => ({ address: token, abi: erc20Abi, functionName: "balanceOf", args: [account] })),
]);

async function read(batchSize) {
  const began = performance.now();
  const found = await client.multicall({ contracts, multicallAddress, batchSize });
  const took = performance.now() - began;
  if (found.some(({ status }) => status !== "success")) throw new Error("a balance was not read");
  return took;
}

async function main() {
  // As it comes: calls of at most 1,024 bytes, side by side. And all in one call, the most that it can do.
  const took = { "as it comes": [], "in one call": [] };
  for (let run = -1; run < Number(runs); run += 1) {
    const [pieces, whole] = [await read(undefined), await read(0)];
    if (run >= 0) {
      took["as it comes"].push(pieces);
      took["in one call"].push(whole);
    }
  }
  process.stdout.write(JSON.stringify(took));
}

main();
