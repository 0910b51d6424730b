// Small programs for beginners. `Learner t01_create` runs one of them, `Learner` without an argument lists them.
import Foundation

let programs: [(name: String, run: () throws -> Void)] = [
    ("t01_create", t01Create),
    ("t02_properties", t02Properties),
    ("t03_constants", t03Constants),
    ("t04_like", t04Like),
    ("t05_dtype", t05Dtype),
    ("t06_numpy", t06Numpy),
    ("t07_index", t07Index),
    ("t08_cat", t08Cat),
    ("t09_arith", t09Arith),
    ("t10_reduce", t10Reduce),
    ("t11_shape", t11Shape),
    ("t12_broadcast", t12Broadcast),
    ("t13_print", t13Print),
    ("t14_summarise", t14Summarise),
    ("t15_errors", t15Errors),
    ("a01_square", a01Square),
    ("a02_mean", a02Mean),
    ("a03_accumulate", a03Accumulate),
    ("a04_flags", a04Flags),
    ("a05_max", a05Max),
    ("a06_inplace_leaf", a06InplaceLeaf),
    ("a07_inplace_saved", a07InplaceSaved),
    ("a08_twice", a08Twice),
    ("a09_nonscalar", a09Nonscalar),
    ("a10_grad_fn", a10GradFn),
    ("a11_second", a11Second),
    ("a12_chain", a12Chain),
    ("a13_custom", a13Custom),
    ("n01_print_module", n01PrintModule),
    ("n02_named_parameters", n02NamedParameters),
    ("n03_count", n03Count),
    ("n04_sequential", n04Sequential),
    ("n05_modulelist", n05Modulelist),
    ("n06_state_dict", n06StateDict),
    ("n07_load_mistakes", n07LoadMistakes),
    ("n08_train_eval", n08TrainEval),
    ("n09_linear", n09Linear),
    ("n10_conv_shapes", n10ConvShapes),
    ("n11_pool_act", n11PoolAct),
    ("n12_embedding_lstm", n12EmbeddingLstm),
    ("l01_cross_entropy", l01CrossEntropy),
    ("l02_mse_l1", l02MseL1),
    ("l03_bce", l03Bce),
    ("o01_sgd", o01Sgd),
    ("o02_momentum", o02Momentum),
    ("o03_adam", o03Adam),
    ("o04_adamw", o04Adamw),
    ("o05_zero_grad", o05ZeroGrad),
    ("o06_scheduler", o06Scheduler),
    ("o07_clip", o07Clip),
    ("d01_dataloader", d01Dataloader),
    ("d02_dataset", d02Dataset),
    ("d03_accuracy", d03Accuracy),
    ("d04_fit_line", d04FitLine),
    ("d05_save_load", d05SaveLoad),
    ("d06_seed", d06Seed),
    ("d07_seed_values", d07SeedValues),
    ("d08_xor", d08Xor),
]

guard CommandLine.arguments.count == 2 else {
    for program in programs { print(program.name) }
    exit(0)
}
guard let program = programs.first(where: { $0.name == CommandLine.arguments[1] }) else {
    FileHandle.standardError.write(Data("Learner: there is no program \(CommandLine.arguments[1])\n".utf8))
    exit(2)
}
try program.run()
