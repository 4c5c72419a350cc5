// Somebody presses "Verify" on the bot's profile: Element's own library, without its windows.
//
//   node element_verifies.mjs HOMESERVER USER PASSWORD BOT room|devices agree|mismatch
//
// Prints one line of JSON: the emoji it showed, and what it thinks of the bot afterwards.
import * as sdk from "matrix-js-sdk";
import { logger } from "matrix-js-sdk/lib/logger.js";

logger.setLevel("error");
const [baseUrl, user, password, bot, where, answer] = process.argv.slice(2);
const identifier = { type: "m.id.user", user };
const proof = { type: "m.login.password", identifier, password };
const READY = 3; // VerificationPhase

const client = await signIn();
const crypto = client.getCrypto();
await crypto.bootstrapCrossSigning({ authUploadDeviceSigningKeys: (make) => make(proof) });
const request = await ask();
await until(() => request.phase === READY);
const emoji = await compare(await request.startVerification("m.sas.v1"));
await new Promise((done) => setTimeout(done, 1_000)); // what it signs, it signs a little later
const device = await botsDevice();
const [account, its] = await Promise.all([
    crypto.getUserVerificationStatus(bot),
    crypto.getDeviceVerificationStatus(bot, device),
]);
const found = { emoji, account: account.isCrossSigningVerified(), device: its.isVerified() };
process.stdout.write(`@@${JSON.stringify(found)}\n`, () => process.exit(0));

async function signIn() {
    const said = await sdk.createClient({ baseUrl }).login("m.login.password", proof);
    const about = { userId: said.user_id, deviceId: said.device_id, accessToken: said.access_token };
    const made = sdk.createClient({ baseUrl, ...about, verificationMethods: ["m.sas.v1"] });
    await made.initRustCrypto({ useIndexedDB: false });
    await made.startClient({ initialSyncLimit: 10 });
    await new Promise((done) => made.once("sync", done));
    return made;
}

async function ask() {
    const algorithm = "m.megolm.v1.aes-sha2";
    const { room_id: room } = await client.createRoom({
        is_direct: true,
        invite: [bot],
        preset: "trusted_private_chat",
        initial_state: [{ type: "m.room.encryption", state_key: "", content: { algorithm } }],
    });
    await until(() => client.getRoom(room)?.getMember(bot)?.membership === "join");
    if (where === "room") return crypto.requestVerificationDM(bot, room);
    return crypto.requestDeviceVerification(bot, await botsDevice());
}

async function compare(verifier) {
    let shown = [];
    verifier.on("show_sas", async ({ sas, confirm, mismatch }) => {
        shown = sas.emoji.map(([sign]) => sign);
        if (answer === "agree") await confirm();
        else mismatch();
    });
    await verifier.verify().catch(() => {});
    return shown;
}

async function botsDevice() {
    const devices = await crypto.getUserDeviceInfo([bot], true);
    return devices.get(bot).keys().next().value;
}

async function until(holds) {
    const end = Date.now() + 30_000;
    while (!holds()) {
        if (Date.now() > end) throw new Error(`in vain (phase ${request?.phase})`);
        await new Promise((done) => setTimeout(done, 50));
    }
}
