import Testing
import TorchlightFiles

@testable import TorchlightTokenizers

/// Chat templates write what transformers writes.
@Suite struct ChatTemplateTests {
    private func value(_ json: JSON) -> TemplateValue { TemplateValue(json) }

    @Test(arguments: Fixtures.chats) func aTemplateGivesTheRecordedTexts(folder: String) throws {
        let directory = TestFolder()
        for name in ["tokenizer.json", "tokenizer_config.json", "chat_template.jinja"]
        where Fixtures.has("\(folder)/\(name)") { _ = try directory.write(name, Fixtures.bytes("\(folder)/\(name)")) }
        let tokenizer = try Tokenizer(path: directory.path)
        let templates = try ChatTemplates(path: directory.path)
        let cases = Fixtures.json(folder + "/cases.json")
        let now = cases["now"]!.string!.split { !$0.isNumber }.map { Int($0)! }
        let time = ChatTemplate.Time(
            year: now[0], month: now[1], day: now[2], hour: now[3], minute: now[4], second: now[5])
        for expected in cases["cases"]!.elements! {
            let label = "\(folder) \(expected["name"]!.string!)"
            var variables: [String: TemplateValue] = [:]
            var (prompt, continues, name): (Bool, Bool, String?) = (false, false, nil)
            for member in expected["arguments"]?.members ?? [] {
                switch member.name {
                case "add_generation_prompt": prompt = member.value.bool!
                case "continue_final_message": continues = member.value.bool!
                case "chat_template": name = member.value.string
                case "return_assistant_tokens_mask": break
                default: variables[member.name] = value(member.value)
                }
            }
            let messages = expected["messages"]!.elements!.map(value)
            let tools = expected["tools"]?.elements?.map(value)
            let documents = expected["documents"]?.elements?.map(value)
            do {
                let chat = try templates.render(
                    messages, tools: tools, documents: documents, template: name, addGenerationPrompt: prompt,
                    continueFinalMessage: continues, variables: variables, now: time)
                let text = try #require(expected["text"]?.string, "\(label) must be refused")
                #expect(same(chat.text, text), "\(label):\n\(chat.text)\nnot\n\(text)")
                let (encoding, mask) = try templates.encode(
                    messages, with: tokenizer, tools: tools, documents: documents, template: name,
                    addGenerationPrompt: prompt, continueFinalMessage: continues, variables: variables, now: time)
                #expect(encoding.ids == expected["ids"]!.ints, "ids of \(label)")
                if let expected = expected["assistant_mask"]?.elements?.map({ $0.int! }) {
                    #expect(mask == expected, "mask of \(label)")
                }
            } catch let error as TokenizerError {
                let problem = expected["error"]?.string
                #expect(problem != nil && error.problem == problem!, "\(label): \(error)")
            }
        }
    }
}
